// SPDX-License-Identifier: Apache-2.0
// smpp_client: an ESME on node-smpp (npm "smpp", unpatched) that follows a plan.
//
// usage: node smpp_client.js --host H --port P --plan PLAN.jsonl --report OUT.jsonl
//        [--window 50] [--rate MESSAGES_PER_SECOND] [--enquire-every 200]
//        [--bind transceiver] [--wait-ms 10000] [--progress]
//
// One session an account of the plan, all at once, each with its own window. Every line
// of the report is one message: id, sequence, status (null = never answered), us, t;
// the last is a summary. smpp_client.pl takes the same arguments and writes the same.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

smpp.PDU.maxLength = 1 << 17; // message_payload may hold 64 KiB

const options = {
	host: '10.99.0.2', port: 2775, plan: null, report: null, window: 50, rate: 0,
	'enquire-every': 200, bind: 'transceiver', 'wait-ms': 10000, progress: false,
	password: 'secret',
};
for (let i = 2; i < process.argv.length; i++) {
	const name = process.argv[i].replace(/^--/, '');
	if (!(name in options))
		throw new Error('no option ' + process.argv[i]);
	options[name] = name === 'progress' ? true : process.argv[++i];
}
const window = Number(options.window), rate = Number(options.rate);
const enquireEvery = Number(options['enquire-every']), waitMs = Number(options['wait-ms']);

const messages = fs.readFileSync(options.plan, 'utf8').split('\n').filter(Boolean).map(JSON.parse);
const report = fs.openSync(options.report, 'w');
const summary = {
	sent: 0, answered: 0, unanswered: 0, deliver_sm: 0, enquire_link_in: 0,
	enquire_link_out: 0, unbound: 0, binds: {}, errors: [],
};
const began = process.hrtime.bigint();
const now = () => Number(process.hrtime.bigint() - began) / 1e3; // microseconds

function write(object) { fs.writeSync(report, JSON.stringify(object) + '\n'); }

function submitOptions(m) {
	const pdu = {
		source_addr_ton: m.ton, source_addr_npi: m.npi, source_addr: m.source,
		dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: m.destination,
		esm_class: m.esm_class, data_coding: m.data_coding, registered_delivery: 0,
	};
	pdu[m.via] = Buffer.from(m.octets, 'hex');
	return pdu;
}

// One account's session: resolves when everything it had to say is answered or given up.
function runSession(account, list) {
	return new Promise((resolve) => {
		const session = smpp.connect({ host: options.host, port: Number(options.port) });
		const waiting = new Map(); // id -> [message, sent at, sequence]
		let next = 0, ended = false, unbinding = false;

		function end(why) {
			if (ended)
				return;
			ended = true;
			if (why)
				summary.errors.push(account + ': ' + why);
			for (const [id, w] of waiting)
				write({ id, sequence: w[1].sequence_number, status: null, us: null });
			summary.unanswered += waiting.size + (list.length - next);
			session.destroy();
			resolve();
		}
		function finish() {
			if (unbinding || ended)
				return;
			unbinding = true;
			session.unbind({}, () => {
				summary.unbound++;
				end();
			});
			setTimeout(() => end('unbind was not answered'), waitMs).unref();
		}
		function enquire() {
			session.enquire_link({}, () => { summary.enquire_link_out++; });
		}
		function send(m) {
			const pdu = new smpp.PDU('submit_sm', submitOptions(m));
			const t = now();
			waiting.set(m.id, [t, pdu]);
			summary.sent++;
			session.send(pdu, (resp) => {
				waiting.delete(m.id);
				summary.answered++;
				write({
					id: m.id, sequence: pdu.sequence_number, status: resp.command_status,
					command: resp.command, us: Math.round(now() - t), t: Math.round(t),
				});
				if (next >= list.length && waiting.size === 0)
					finish();
				else
					pump();
			});
			if (enquireEvery && next % enquireEvery === 0)
				enquire();
		}
		let paced = null, started = 0;
		function pump() {
			while (!ended && next < list.length && waiting.size < window) {
				const due = rate ? started + next * 1e6 / rate : 0;
				if (due > now()) {
					if (!paced)
						paced = setTimeout(() => { paced = null; pump(); },
							Math.max(1, (due - now()) / 1e3));
					return;
				}
				send(list[next++]);
			}
		}
		session.on('connect', () => {
			session['bind_' + options.bind]({
				system_id: account, password: options.password, interface_version: 0x34,
			}, (resp) => {
				summary.binds[account] = resp.command_status;
				if (resp.command_status !== 0)
					return end();
				enquire();
				started = now();
				pump();
				if (list.length === 0)
					finish();
			});
		});
		session.on('deliver_sm', (pdu) => {
			summary.deliver_sm++;
			session.send(pdu.response());
		});
		session.on('enquire_link', (pdu) => {
			summary.enquire_link_in++;
			session.send(pdu.response());
		});
		session.on('unbind', (pdu) => {
			session.send(pdu.response());
			end('the other end unbound');
		});
		session.on('error', (e) => end(e.code || e.message));
		session.on('close', () => end(unbinding ? undefined : 'closed by the other end'));
		let idle = -1;
		const watch = setInterval(() => {
			const mark = summary.answered;
			if (ended)
				clearInterval(watch);
			else if (mark === idle && !rate)
				end('no answer for ' + waitMs + ' ms');
			idle = mark;
		}, waitMs);
		watch.unref();
	});
}

async function main() {
	const byAccount = new Map();
	for (const m of messages) {
		if (!byAccount.has(m.account))
			byAccount.set(m.account, []);
		byAccount.get(m.account).push(m);
	}
	let ticker = null;
	if (options.progress) {
		ticker = setInterval(() => process.stderr.write(
			`\r   ${summary.answered} of ${messages.length} answered`), 250);
	}
	const keep = setInterval(() => {}, 1000);
	await Promise.all([...byAccount].map(([account, list]) => runSession(account, list)));
	clearInterval(keep);
	if (ticker) {
		clearInterval(ticker);
		process.stderr.write(`\r   ${summary.answered} of ${messages.length} answered\n`);
	}
	summary.seconds = now() / 1e6;
	write({ summary });
	process.exit(summary.errors.length ? 1 : 0);
}

main();
