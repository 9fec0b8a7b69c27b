#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# smpp_server: a message centre on Net::SMPP (Debian libnet-smpp-perl, unpatched).
# Arguments and behaviour as smpp_server.js; IPv4; a process a session.
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

my %o = (host => '0.0.0.0', port => 2775, 'deliver-every' => 50, 'enquire-every' => 20);
while (@ARGV) {
	my $name = shift @ARGV;
	$name =~ s/^--//;
	$o{$name} = shift @ARGV;
}

my %bind_resp = (
	Net::SMPP::CMD_bind_transceiver() => 'bind_transceiver_resp',
	Net::SMPP::CMD_bind_transmitter() => 'bind_transmitter_resp',
	Net::SMPP::CMD_bind_receiver() => 'bind_receiver_resp',
);
my %submit_resp = (
	Net::SMPP::CMD_submit_sm() => 'submit_sm_resp',
	Net::SMPP::CMD_data_sm() => 'data_sm_resp',
);

sub submitted {
	my ($smpp, $pdu, $n) = @_;
	my $answer = $submit_resp{ $pdu->{cmd} };
	$smpp->$answer(seq => $pdu->{seq}, message_id => sprintf('%x-%x', $$, $n));
	if ($o{'deliver-every'} && $n % $o{'deliver-every'} == 0) {
		$smpp->deliver_sm(async => 1, source_addr => $pdu->{destination_addr},
			destination_addr => $pdu->{source_addr}, short_message => "reply $n");
	}
	$smpp->enquire_link(async => 1) if $o{'enquire-every'} && $n % $o{'enquire-every'} == 0;
}

sub serve {
	my ($smpp) = @_;
	my $n = 0;
	while (my $pdu = $smpp->read_pdu()) {
		if (my $answer = $bind_resp{ $pdu->{cmd} }) {
			$smpp->$answer(seq => $pdu->{seq}, system_id => 'centre');
		} elsif ($submit_resp{ $pdu->{cmd} }) {
			submitted($smpp, $pdu, ++$n);
		} elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
			$smpp->enquire_link_resp(seq => $pdu->{seq});
		} elsif ($pdu->{cmd} == Net::SMPP::CMD_unbind) {
			$smpp->unbind_resp(seq => $pdu->{seq});
			return;
		}
	}
}

$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };
my $listener = Net::SMPP->new_listen($o{host}, port => $o{port}, smpp_version => 0x34,
	interface_version => 0x34, source_addr_ton => 0, source_addr_npi => 0, dest_addr_ton => 0,
	dest_addr_npi => 0, system_id => 'centre', enquire_interval => 0)
	or die "listen on port $o{port}: $!";
while (1) {
	my $smpp = $listener->accept() or next;
	my $child = fork;
	die "fork: $!" if !defined $child;
	if ($child == 0) {
		close $listener;
		serve($smpp);
		close $smpp;
		exit 0;
	}
	close $smpp;
}
