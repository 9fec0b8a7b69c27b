#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# smpp_client: an ESME on Net::SMPP (Debian libnet-smpp-perl, unpatched) that follows a
# plan. Arguments and report as smpp_client.js; accounts are served one after another.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Time::HiRes qw(time sleep);

my %o = (host => '10.99.0.2', port => 2775, window => 50, rate => 0, 'enquire-every' => 200,
	bind => 'transceiver', 'wait-ms' => 10000, password => 'secret');
while (@ARGV) {
	my $name = shift @ARGV;
	$name =~ s/^--//;
	$o{$name} = shift @ARGV;
}
my $json = JSON::PP->new->canonical;
my %by_account;
my @accounts;
open my $plan, '<', $o{plan} or die "$o{plan}: $!";
while (<$plan>) {
	my $m = $json->decode($_);
	push @accounts, $m->{account} unless $by_account{ $m->{account} };
	push @{ $by_account{ $m->{account} } }, $m;
}
open my $report, '>', $o{report} or die "$o{report}: $!";
my %sum = (sent => 0, answered => 0, unanswered => 0, deliver_sm => 0, enquire_link_in => 0,
	enquire_link_out => 0, unbound => 0, binds => {}, errors => []);
my $began = time;

sub submit {
	my ($smpp, $m) = @_;
	my @text = $m->{via} eq 'short_message'
		? (short_message => pack('H*', $m->{octets}))
		: (short_message => '', message_payload => pack('H*', $m->{octets}));
	return $smpp->submit_sm(async => 1,
		source_addr_ton => $m->{ton}, source_addr_npi => $m->{npi}, source_addr => $m->{source},
		dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => $m->{destination},
		esm_class => $m->{esm_class}, data_coding => $m->{data_coding}, @text);
}

# One PDU of the other end: 1, or 0 when the session has ended.
sub take {
	my ($smpp, $waiting) = @_;
	my $pdu = $smpp->read_pdu() or return 0;
	if ($pdu->{cmd} == Net::SMPP::CMD_submit_sm_resp) {
		my $w = delete $waiting->{ $pdu->{seq} };
		if (!$w) {
			push @{ $sum{errors} }, "an answer to sequence $pdu->{seq}, which waits for none";
			return 1;
		}
		$sum{answered}++;
		print $report $json->encode({ id => $w->{id}, sequence => $pdu->{seq},
			status => $pdu->{status}, us => int((time - $w->{at}) * 1e6),
			t => int(($w->{at} - $began) * 1e6) }), "\n";
	} elsif ($pdu->{cmd} == Net::SMPP::CMD_deliver_sm) {
		$sum{deliver_sm}++;
		$smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
	} elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
		$sum{enquire_link_in}++;
		$smpp->enquire_link_resp(seq => $pdu->{seq});
	} elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link_resp) {
		$sum{enquire_link_out}++;
	} elsif ($pdu->{cmd} == Net::SMPP::CMD_unbind_resp) {
		$sum{unbound}++;
		return 0;
	}
	return 1;
}

sub run_session {
	my ($account) = @_;
	my @todo = @{ $by_account{$account} };
	my $new = "new_$o{bind}";
	my ($smpp, $resp) = Net::SMPP->$new($o{host}, port => $o{port}, system_id => $account,
		password => $o{password}, system_type => '', smpp_version => 0x34,
		interface_version => 0x34, enquire_interval => 0, addr_ton => 0, addr_npi => 0,
		source_addr_ton => 0, source_addr_npi => 0, dest_addr_ton => 0, dest_addr_npi => 0,
		address_range => '', async => 0);
	if (!$resp) {
		push @{ $sum{errors} }, "$account: no bind_resp";
		$sum{unanswered} += @todo;
		return;
	}
	$sum{binds}{$account} = $resp->{status};
	if ($resp->{status} != 0) {
		$sum{unanswered} += @todo;
		return;
	}
	my (%waiting, $sent);
	my $select = IO::Select->new($smpp);
	my $started = time;
	my $heard = time;
	$sent = 0;
	$smpp->enquire_link(async => 1);
	while (@todo || %waiting) {
		while (@todo && keys %waiting < $o{window}
			&& (!$o{rate} || $started + $sent / $o{rate} <= time)) {
			my $m = shift @todo;
			my $at = time;
			my $seq = submit($smpp, $m);
			$waiting{$seq} = { id => $m->{id}, at => $at };
			$sent++;
			$sum{sent}++;
			$smpp->enquire_link(async => 1) if $o{'enquire-every'} && $sent % $o{'enquire-every'} == 0;
			last if $select->can_read(0);
		}
		if ($select->can_read(@todo ? 0.002 : 0.1)) {
			$heard = time;
			last if !take($smpp, \%waiting);
		}
		last if time - $heard > $o{'wait-ms'} / 1000 && %waiting;
	}
	if (%waiting || @todo) {
		push @{ $sum{errors} }, "$account: the session ended early or fell silent";
		$sum{unanswered} += keys(%waiting) + @todo;
		return;
	}
	$smpp->unbind(async => 1);
	while ($select->can_read($o{'wait-ms'} / 1000)) {
		last if !take($smpp, \%waiting);
	}
	close $smpp;
}

$SIG{PIPE} = 'IGNORE';
run_session($_) for @accounts;
$sum{seconds} = time - $began;
print $report $json->encode({ summary => \%sum }), "\n";
exit(@{ $sum{errors} } ? 1 : 0);
