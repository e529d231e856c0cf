#!/usr/bin/perl
# pack_bomb.pl PORT-FILE BYTES: a server of one repository whose only pack is a few kilobytes and unpacks to BYTES: a blob of
# zeros, and a delta that copies it again and again. No git would make it. It serves each request with what belongs to it,
# on a port of the loopback that it writes into PORT-FILE, until it is killed.
use strict;
use warnings;
use Compress::Zlib;
use Digest::SHA qw(sha1 sha1_hex);
use IO::Socket::INET;

my ($port_file, $bytes) = @ARGV;
my $base = "\0" x (1 << 20);
my $copies = int($bytes / length $base);

sub varint { # of an object's size in a delta
	my ($number) = @_;
	my $text = '';
	do {
		my $byte = $number & 127;
		$number >>= 7;
		$text .= chr($byte | ($number ? 128 : 0));
	} while $number;
	return $text;
}

sub head { # of an entry in the pack
	my ($type, $size) = @_;
	my $byte = $type << 4 | $size & 15;
	my $text = '';
	$size >>= 4;
	while ($size) {
		$text .= chr($byte | 128);
		$byte = $size & 127;
		$size >>= 7;
	}
	return $text . chr $byte;
}

sub id { my ($kind, $data) = @_; return sha1_hex("$kind " . length($data) . "\0$data") }
sub entry { my ($type, $data) = @_; return head($type, length $data) . compress($data) }
sub packet { my ($text) = @_; return sprintf('%04x', 4 + length $text) . $text }

# copy from offset 0 the whole base: the size in three bytes
my $copy = chr(0x80 | 0x70) . substr(pack('V', length $base), 0, 3);
my $delta = varint(length $base) . varint($copies * length $base) . $copy x $copies;
my $tree = "100644 zeros\0" . pack('H*', id('blob', $base));
my $who = 'Mallory <mallory@example.org> 1700000000 +0000';
my $commit = 'tree ' . id('tree', $tree) . "\nauthor $who\ncommitter $who\n\nA small change\n";
my $pack = 'PACK' . pack('NN', 2, 4) . entry(3, $base) .
	head(7, length $delta) . pack('H*', id('blob', $base)) . compress($delta) . entry(2, $tree) . entry(1, $commit);
$pack .= sha1($pack);
my $id = id('commit', $commit);

my $listener = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "cannot listen: $!";
open(my $file, '>', "$port_file.new") or die $!;
print $file $listener->sockport, "\n";
close $file;
rename "$port_file.new", $port_file or die $!;
while (my $client = $listener->accept) {
	my $request = '';
	1 while $request !~ /\r\n\r\n/ && sysread $client, $request, 65536, length $request;
	my ($kind, $answer);
	if ($request =~ /^GET/) {
		$kind = 'advertisement';
		$answer = packet("# service=git-upload-pack\n") . '0000' . packet("$id HEAD\0ofs-delta symref=HEAD:refs/heads/main\n") .
			packet("$id refs/heads/main\n") . '0000';
	} else {
		$kind = 'result';
		$answer = packet("NAK\n") . $pack;
	}
	print $client "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-$kind\r\nContent-Length: ", length $answer,
		"\r\nConnection: close\r\n\r\n$answer";
	close $client;
}
