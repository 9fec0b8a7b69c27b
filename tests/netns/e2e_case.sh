# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# e2e_case: the cases. A case is a function: 0 passed, 77 skipped, else failed. Sourced.

corpora_mixed() {
	local c=$SLUICE_SHARED/data/corpora
	printf -- '--corpus %s ' "$c/ko_lgai_spam.dev.tsv=400" \
		"$c/ko_lgai_ham_delivery.dev.tsv=250" \
		"$c/en_uci_sms_spam_collection.dev.tsv=500" \
		"$c/th_sivakorn.dev.tsv=50" "$c/tr_karasoy_balli.dev.tsv=50"
}

# plan_make [ARGUMENTS]: $work/plan with mixed corpora and what each message must meet.
plan_make() {
	# shellcheck disable=SC2046 # arguments, none with blanks
	python3 tests/netns/plan.py --out "$work/plan" --rules tests/scenario/rules.yaml \
		--accounts hanbit,namsan,hanbit,watch,dorado,oldport,ghost $(corpora_mixed) "$@"
}

counters_to() { ctl counters --json >"$work/$1"; }

# compare [ARGUMENTS]: of compare.py, beside the captures and the plan.
compare() {
	python3 tests/netns/compare.py --esme "$work/esme.pcap" --smsc "$work/smsc.pcap" \
		--plan "$work/plan" "$@"
}

crossing=esme:unbind,smsc:unbind_resp,esme:enquire_link,smsc:enquire_link_resp
crossing=$crossing,smsc:enquire_link,esme:enquire_link_resp,smsc:deliver_sm,esme:deliver_sm_resp

# traffic CLIENT SERVER HOST LEAST: a whole plan, judged whole. The plan is there.
traffic() {
	capture_start "$work" && server_start "$2" || return 1
	counters_to before || return 1
	client_start "$1" "$3" "$work/plan" "$work/report" ${patience:+--wait-ms "$patience"}
	client_wait 90 || tail -n 3 "$work/client.log" "$work/report"
	counters_to after || return 1
	server_stop
	capture_stop || return 1
	compare --report "$work/report" --before "$work/before" --after "$work/after" \
		--must "$crossing" --least "$4"
}

case_traffic() {
	e2e_shared || return
	plan_make --seed "$4" && traffic "$1" "$2" "$3" 1000
}

# Kannel makes PDUs of its own: no KS C 5601, no payload, what fits one message.
case_kannel() {
	e2e_shared || return
	plan_make --seed 7 --accounts hanbit --codings gsm7,ucs2,binary --octets-max 140 \
		--payload 0 \
		--corpus "$SLUICE_SHARED/data/corpora/en_nus_sms_corpus.dev.tsv=500" &&
		traffic kannel "$1" 10.99.0.2 1000
}

# The AF_PACKET PMD lets the kernel put IP fragments together and writes every outer tag as
# 0x8100: what must cross octet for octet is tested on ports of another PMD.
on_pcap_ports() {
	local status=0
	data_plane_stop
	SLUICE_PMD=pcap stack_settings
	data_plane_start && wait_for 10 "control to reattach" ctl_attached && "$@" || status=$?
	data_plane_stop
	stack_settings
	data_plane_start && wait_for 10 "control to reattach" ctl_attached || status=1
	return $status
}

# Fragments, put together by us and not by the kernel below the PMD.
together_on_pcap_ports() {
	SLUICE_FRAGMENTS=reassemble on_pcap_ports "$@"
}

# on_workers N CASE: N workers on ports with one queue: the rings between them. Where there
# are fewer cores they share them.
on_workers() {
	local status=0 workers=$1
	shift
	data_plane_stop
	SLUICE_WORKERS=$workers stack_settings
	rm -f "$report_file"
	data_plane_start && wait_for 10 "control to reattach" ctl_attached && "$@" || status=$?
	data_plane_stop
	stack_settings
	rm -f "$report_file"
	data_plane_start && wait_for 10 "control to reattach" ctl_attached || status=1
	return $status
}

# The plan's seven sessions at once; then sessions one by one, each of one worker alone by
# the daemon's own counters, and every worker has some.
case_workers() { # WORKERS CLIENT SERVER HOST SEED
	local workers=$1
	shift
	case_traffic "$@" &&
		python3 tests/netns/workers.py "$ns_esme" "$ns_smsc" "$sluicectl" \
			"$control_socket" "$workers"
}

case_frames() { python3 tests/netns/frames.py "$ns_esme" "$ns_smsc"; }

# tags_on TAGS: tag0 at both ends, 10.98.0.1 and 10.98.0.2, fd98::1 and fd98::2.
tags_on() {
	local ns n=0
	tag_pids=()
	for ns in "$ns_esme" "$ns_smsc"; do
		n=$((n + 1))
		exec_in "$ns" python3 tests/netns/tagged.py "$1" >>"$work/tagged.log" 2>&1 &
		tag_pids+=($!)
		wait_for 10 "tag0" ip -n "$ns" link show tag0 || return 1
		ip -n "$ns" addr add 10.98.0.$n/24 dev tag0
		ip -n "$ns" addr add fd98::$n/64 dev tag0 nodad
		ip -n "$ns" link set tag0 mtu 1400 up
	done
}

tags_off() {
	local pid
	for pid in "${tag_pids[@]}"; do process_stop "$pid"; done
}

case_tagged() {
	e2e_shared || return
	local status=0
	tags_on "$1" || status=1
	if [ $status -eq 0 ]; then
		plan_make --seed 11 --limit 400 && traffic js js "$2" 300 || status=1
	fi
	tags_off
	return $status
}

# case_loss CLIENT SERVER PERCENT SEED MESSAGES: a bad wire at both ends, each direction of
# each losing so much, and in every case some frames late, twice or with a wrong octet.
case_loss() {
	e2e_shared || return
	local status=0
	# So few messages that not every kind of PDU must be among them.
	local crossing=esme:unbind,smsc:unbind_resp
	# Within ten seconds a segment is sent six times: where a fifth is lost, all of those
	# once in 16,000 segments.
	local patience=40000
	plan_make --seed "$4" --accounts hanbit,namsan --octets-max 1500 --limit "$5" ||
		return 1
	impair_on "$4" --loss $(($3 * 100)) --duplicate 100 --reorder 200 --corrupt 100 \
		--delay-us 300 --jitter-us 200 || status=1
	[ $status -ne 0 ] || traffic "$1" "$2" 10.99.0.2 $(($5 / 2)) || status=1
	impair_off
	cat "$work"/impair-*
	return $status
}

# Both ends' segments come in fragments: late ones, doubled ones (which end their datagram,
# so that it comes again), and enough that come to be put together.
case_fragments() {
	e2e_shared || return
	local status=0 crossing=esme:unbind,smsc:unbind_resp
	plan_make --seed "$1" --accounts hanbit,namsan --limit 1000 || return 1
	impair_on "$1" --fragment 80 --reorder 200 --hold-us 1000 --duplicate 50 \
		--delay-us 200 || status=1
	[ $status -ne 0 ] ||
		traffic js pl 10.99.0.2 700 || status=1
	impair_off
	cat "$work"/impair-*
	[ $status -eq 0 ] && python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
value = lambda name, file: next(
    c["value"] for c in json.load(open(f"{work}/{file}"))["counters"] if c["name"] == name)
n = value("reassembled", "after") - value("reassembled", "before")
print(f"      {n} datagrams put together of fragments")
sys.exit(n < 100)
PY
}

# answered_since COUNT MORE: whether the client has so many answers more by now.
answered_since() { [ "$(answered)" -ge $(($1 + $2)) ]; }

answered() { wc -l <"$work/report"; }

# A client at a steady pace, in the background, and until it is under way.
paced_start() {
	plan_make --seed "$1" --accounts hanbit --sender-weights 90,4,3,3 &&
		capture_start "$work" && server_start js || return 1
	client_start js 10.99.0.2 "$work/plan" "$work/report" --rate "$2"
	wait_for 30 "a stream" answered_since 0 250 && process_alive "$client_pid"
}

now() { date +%s.%N; }

# Between the answer to "suspend" and the call of "lift", nothing may pass.
case_suspend() {
	e2e_shared || return
	local called suspended before lift_called lifted
	paced_start 21 250 || return 1
	called=$(now)
	ctl suspend account hanbit || return 1
	suspended=$(now)
	before=$(answered)
	wait_for 30 "answers meanwhile" answered_since "$before" 250 || return 1
	lift_called=$(now)
	ctl lift account hanbit || return 1
	lifted=$(now)
	client_wait 60 || return 1
	server_stop
	capture_stop || return 1
	python3 - "$called" "$suspended" "$lift_called" "$lifted" >"$work/timeline" <<'PY'
import json, sys
called, suspended, lift_called, lifted = map(float, sys.argv[1:])
print(json.dumps({"account": "hanbit", "status": 0x45, "from": called,
                  "until": lifted, "sure_from": suspended, "sure_until": lift_called}))
PY
	compare --report "$work/report" --timeline "$work/timeline" --must "$crossing" \
		--least 1000 &&
		suspension_was_seen
}

# Fault of the test itself: a suspension that hit no message proves nothing.
suspension_was_seen() {
	python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
plan = {m["id"]: m for m in map(json.loads, open(work + "/plan", encoding="utf-8"))}
hit = sum(r.get("status") == 0x45 and plan[r["id"]]["expect"]["status"] == 0
          for r in map(json.loads, open(work + "/report", encoding="utf-8")) if "id" in r)
print(f"      {hit} good messages were refused while the account was suspended")
sys.exit(hit < 100)
PY
}

# A sender is cut off between two messages of its account, and lifted again.
case_suspend_sender() {
	ctl suspend sender 02-000-0101 || return 1
	sed 's/^02-000-0101,hanbit,certified/02-000-0101,hanbit,suspended/' \
		tests/scenario/senders.csv >"$work/senders.csv"
	cp tests/scenario/accounts.csv "$work/"
	local status=0
	plan_make --seed 31 --registry "$work" --limit 300 &&
		traffic js js 10.99.0.2 250 || status=1
	ctl lift sender 02-000-0101 || return 1
	[ $status -eq 0 ] && plan_make --seed 32 --limit 300 && traffic js pl 10.99.0.2 250
}

# Control dies while traffic flows: nothing stops, and its successor takes over.
case_control_dies() {
	e2e_shared || return
	paced_start 41 300 || return 1
	control_kill
	client_wait 60 || return 1
	server_stop
	capture_stop || return 1
	compare --report "$work/report" --must "$crossing" --least 1000 || return 1
	control_start || return 1
	wait_for 10 "control to reattach" ctl_attached || return 1
	ctl suspend account namsan || return 1
	sed 's/^namsan,\(.*\),certified/namsan,\1,suspended/' tests/scenario/accounts.csv \
		>"$work/accounts.csv"
	cp tests/scenario/senders.csv "$work/"
	local status=0
	plan_make --seed 42 --registry "$work" --limit 300 &&
		traffic js js 10.99.0.2 250 || status=1
	ctl lift account namsan && return $status
}

ctl_attached() { ctl status --json | python3 tests/netns/attached.py; }

# The data plane dies: its sessions end. Restarted alone, it screens as before.
case_data_plane_dies() {
	e2e_shared || return
	paced_start 51 300 || return 1
	control_kill
	data_plane_kill
	sleep 0.5
	data_plane_start || return 1
	client_wait 60
	[ $? -eq 1 ] || echo "      the client did not notice that its session ended"
	server_stop
	capture_stop || return 1
	compare --broken || return 1
	plan_make --seed 52 && capture_start "$work" && server_start js || return 1
	client_start js 10.99.0.2 "$work/plan" "$work/report"
	client_wait 60 || return 1
	server_stop
	capture_stop || return 1
	compare --report "$work/report" --must "$crossing" --least 1000 || return 1
	control_start && wait_for 10 "control to reattach" ctl_attached
}

# An appliance about to be taken out, with sessions that flow; and taken back.
crash_points() { # of a folder's sources
	grep -rhoE 'crash_point\("[a-z_]+"\)' "$1" --include='*.c' | cut -d'"' -f2 | sort -u
}

# crash_at DAEMON POINT: killed there, restarted, and what was acknowledged is in force: by
# the data plane alone when that was killed, and once more when control is back.
crash_at() {
	local ends=("$ns_esme" "$ns_smsc") by=("$sluicectl" "$control_socket")
	echo "$1 at $2"
	python3 tests/netns/crash.py act "${by[@]}" "$work/state" "$SLUICE_CRASH_FILE" "$2" ||
		return 1
	if [ "$1" = control ]; then
		crash_awaited "$1 to die at $2" "$control_pid" || return 1
	else
		crash_awaited "$1 to die at $2" "$data_plane_pid" || return 1
		control_stop
		data_plane_start || return 1
		python3 tests/netns/crash.py check "${ends[@]}" "$work/state" || return 1
	fi
	control_start && wait_for 10 "control to reattach" ctl_attached || return 1
	python3 tests/netns/crash.py check "${ends[@]}" "$work/state" &&
		python3 tests/netns/crash.py settle "${by[@]}" "$work/state"
}

crash_is_due() { [ ! -e "$SLUICE_CRASH_FILE" ]; }

crash_awaited() {
	wait_for 10 "$1" crash_is_due || return 1
	wait "$2" 2>/dev/null || :
}

crash_everywhere() {
	local point
	for point in $(crash_points control); do crash_at control "$point" || return 1; done
	for point in $(crash_points dataplane); do crash_at dataplane "$point" || return 1; done
}

# Both daemons as they are, but that they have the points where they can be killed.
case_crash() {
	local status=0 shipped_data_plane=$data_plane shipped_control=$control
	control_stop
	data_plane_stop
	export SLUICE_CRASH_FILE=$work/crash-here
	data_plane=$build/tests/unit/crash/crash-dataplane
	control=$build/tests/unit/crash/crash-control
	data_plane_start && control_start && wait_for 10 "control to reattach" ctl_attached &&
		crash_everywhere || status=1
	unset SLUICE_CRASH_FILE
	python3 tests/netns/crash.py clear "$sluicectl" "$control_socket"
	control_stop
	data_plane_stop
	data_plane=$shipped_data_plane control=$shipped_control
	data_plane_start && control_start || status=1
	return $status
}

case_text() {
	python3 tests/netns/text.py "$ns_esme" "$ns_smsc" "$sluicectl" "$control_socket"
}

# Blocked in mid-session, and still blocked when both daemons were killed: by the data plane
# alone, and when control is back.
case_campaign() {
	local ends=("$ns_esme" "$ns_smsc") by=("$sluicectl" "$control_socket")
	python3 tests/netns/campaign.py act "${ends[@]}" "${by[@]}" "$work/state" || return 1
	control_kill
	data_plane_kill
	data_plane_start && python3 tests/netns/campaign.py check "${ends[@]}" || return 1
	control_start && wait_for 10 "control to reattach" ctl_attached || return 1
	python3 tests/netns/campaign.py end "${ends[@]}" "${by[@]}" "$work/state"
}

case_drain() {
	python3 tests/netns/drain.py "$ns_esme" "$ns_smsc" "$sluicectl" "$control_socket"
}

case_unbound() {
	python3 tests/netns/unbound.py "$ns_esme" "$ns_smsc" "$sluicectl" "$control_socket"
}

# What both daemons' threads meet over, all at once: a session on two workers, sanctions,
# whole images, and questions.
case_threads() {
	e2e_shared || return
	local n pid pids
	plan_make --seed 81 --accounts hanbit --sender-weights 90,4,3,3 --limit "$1" &&
		capture_start "$work" && server_start js || return 1
	client_start js 10.99.0.2 "$work/plan" "$work/report" --rate 60
	for n in 1 2 3; do
		pids=()
		ctl senders import tests/scenario/senders.csv & pids+=($!)
		ctl block sender 010-9999-000$n & pids+=($!)
		ctl rules push tests/scenario/rules.yaml & pids+=($!)
		ctl counters --json >/dev/null & pids+=($!)
		ctl suspend account namsan || return 1
		ctl audit --limit 50 >/dev/null || return 1
		ctl lift account namsan || return 1
		ctl status >/dev/null || return 1
		for pid in "${pids[@]}"; do wait "$pid" || return 1; done
	done
	client_wait 90 || return 1
	server_stop
	capture_stop || return 1
	compare --report "$work/report" --must "$crossing" --least $(($1 / 2))
}

e2e_threads_cases() {
	e2e_case "two workers while tables change, watched by TSan" \
		on_workers 2 case_threads 600
}

# What goes through every part of both daemons, in under a minute: ASan slows them much.
e2e_sanitized_cases() {
	e2e_case "node-smpp to Net::SMPP, sanitized" case_traffic js pl 10.99.0.2 8
	e2e_case "an account suspended and lifted, sanitized" case_suspend
}

e2e_cases() {
	e2e_case "frames that are not SMPP cross unchanged" on_pcap_ports case_frames
	e2e_case "node-smpp to node-smpp" case_traffic js js 10.99.0.2 1
	e2e_case "node-smpp to Net::SMPP" case_traffic js pl 10.99.0.2 2
	e2e_case "Net::SMPP to node-smpp" case_traffic pl js 10.99.0.2 3
	e2e_case "Net::SMPP to Net::SMPP" case_traffic pl pl 10.99.0.2 4
	e2e_case "Kannel to node-smpp" case_kannel js
	e2e_case "Kannel to Net::SMPP" case_kannel pl
	e2e_case "node-smpp to node-smpp over IPv6" case_traffic js js fd99::2 5
	e2e_case "two workers, software distribution" \
		on_workers 2 case_workers 2 js js 10.99.0.2 6
	e2e_case "four workers, software distribution, IPv6" \
		on_workers 4 case_workers 4 js js fd99::2 9
	e2e_case "a VLAN tag" case_tagged 8100:7 10.98.0.2
	e2e_case "QinQ, IPv6" on_pcap_ports case_tagged 88a8:8,8100:9 fd98::2
	e2e_case "a bad wire, no loss" case_loss js js 0 61 200
	e2e_case "a bad wire, 1 % loss" case_loss pl pl 1 62 150
	e2e_case "a bad wire, 5 % loss" case_loss js pl 5 63 120
	e2e_case "a bad wire, 20 % loss" case_loss pl js 20 64 30
	e2e_case "segments in fragments" together_on_pcap_ports case_fragments 71
	e2e_case "an account suspended and lifted in mid-session" case_suspend
	e2e_case "a sender suspended and lifted" case_suspend_sender
	e2e_case "discarded, in parts over two sessions, look-alikes of a push" case_text
	e2e_case "a campaign blocked in mid-session" case_campaign
	e2e_case "drained and taken back in mid-session" case_drain
	e2e_case "connections that never bind" case_unbound
	e2e_case "either daemon killed at every point of a sanction" case_crash
	e2e_case "control dies in mid-session" case_control_dies
	e2e_case "the data plane dies in mid-session" case_data_plane_dies
	e2e_case "the wall clock jumps by hours, forth and back" case_clock
	e2e_case "the disk of the journal is full" case_full_disk
	e2e_case "a store of an older version, and of a newer one" case_old_store
}
