// SPDX-License-Identifier: Apache-2.0
// smpp_server: a message centre on node-smpp (npm "smpp", unpatched).
//
// usage: node smpp_server.js [--host ::] [--port 2775] [--deliver-every 50]
//        [--enquire-every 20] [--report FILE]
//
// Accepts every bind, answers every request, sends a deliver_sm after each so many
// submits of a session and an enquire_link likewise. Writes its counts to the report on
// SIGTERM. smpp_server.pl takes the same arguments.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

smpp.PDU.maxLength = 1 << 17;

const options = { host: '::', port: 2775, 'deliver-every': 50, 'enquire-every': 20, report: null };
for (let i = 2; i < process.argv.length; i += 2) {
	const name = process.argv[i].replace(/^--/, '');
	if (!(name in options))
		throw new Error('no option ' + process.argv[i]);
	options[name] = process.argv[i + 1];
}
const deliverEvery = Number(options['deliver-every']), enquireEvery = Number(options['enquire-every']);
const counts = {
	sessions: 0, submits: 0, deliver_sm: 0, deliver_sm_resp: 0, enquire_link_in: 0,
	enquire_link_out: 0, unbinds: 0,
};
let serial = 0;

function deliver(session, submit) {
	counts.deliver_sm++;
	session.deliver_sm({
		source_addr: submit.destination_addr, destination_addr: submit.source_addr || '0',
		data_coding: 0, esm_class: 0, short_message: Buffer.from('reply ' + serial),
	}, () => { counts.deliver_sm_resp++; });
}

function accept(session) {
	let mine = 0;
	counts.sessions++;
	for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver'])
		session.on(kind, (pdu) => session.send(pdu.response({ system_id: 'centre' })));
	for (const kind of ['submit_sm', 'data_sm', 'submit_multi', 'replace_sm', 'query_sm', 'cancel_sm']) {
		session.on(kind, (pdu) => {
			counts.submits++;
			mine++;
			session.send(pdu.response({ message_id: (++serial).toString(16) }));
			if (deliverEvery && mine % deliverEvery === 0)
				deliver(session, pdu);
			if (enquireEvery && mine % enquireEvery === 0)
				session.enquire_link({}, () => { counts.enquire_link_out++; });
		});
	}
	session.on('enquire_link', (pdu) => {
		counts.enquire_link_in++;
		session.send(pdu.response());
	});
	session.on('unbind', (pdu) => {
		counts.unbinds++;
		session.send(pdu.response());
		session.close();
	});
	session.on('error', () => session.destroy());
}

const server = smpp.createServer({}, accept);
server.listen(Number(options.port), options.host);
process.on('SIGTERM', () => {
	if (options.report)
		fs.writeFileSync(options.report, JSON.stringify(counts) + '\n');
	process.exit(0);
});
