# A log plugin of the tests: keeps what it reads from its pipes below /logs, and gives it back.
use strict;
use IO::Socket::UNIX;
$| = 1;
my $path = "/run/docker/plugins/logs.sock";
unlink $path;
my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 16) or die "listen: $!";
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };
mkdir '/logs';

# Lines are given back with their newlines: those of another field than `line` (3) stay as they are.
sub varint { my ($bytes, $at) = @_; my ($value, $shift) = (0, 0); while (1) { my $byte = ord substr($$bytes, $$at++, 1); $value |= ($byte & 127) << $shift; return $value if $byte < 128; $shift += 7 } }

sub number { my ($value) = @_; my $text = ''; while ($value > 127) { $text .= chr($value & 127 | 128); $value >>= 7 } return $text . chr $value }

sub ended {
  my ($entry) = @_;
  my ($at, $out) = (0, '');
  while ($at < length $entry) {
    my $key = varint(\$entry, \$at);
    if (($key & 7) == 0) { $out .= number($key) . number(varint(\$entry, \$at)); next }
    my $length = varint(\$entry, \$at);
    my $value = substr($entry, $at, $length);
    $at += $length;
    $value .= "\n" if $key >> 3 == 3;
    $out .= number($key) . number(length $value) . $value;
  }
  return pack('N', length $out) . $out;
}

sub keep {
  my ($pipe, $id) = @_;
  open(my $in, '<', $pipe) or exit 1;
  open(my $out, '>>', "/logs/$id") or exit 1;
  $out->autoflush(1);
  while (read($in, my $head, 4) == 4) { read($in, my $entry, unpack('N', $head)); print $out ended($entry) }
  unlink "/logs/$id.open";
  exit 0;
}

sub frames {
  my ($id) = @_;
  my @frames;
  open(my $in, '<', "/logs/$id") or return ();
  while (read($in, my $head, 4) == 4) { read($in, my $entry, unpack('N', $head)); push @frames, $head . $entry }
  return @frames;
}

sub give {
  my ($client, $id, $tail, $follow) = @_;
  print $client "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  my @frames = frames($id);
  my $given = @frames;
  splice(@frames, 0, @frames - $tail) if $tail >= 0 && $tail < @frames;
  while (1) {
    print $client @frames;
    last if !$follow || !-e "/logs/$id.open";
    select(undef, undef, undef, 0.05);
    @frames = frames($id);
    splice(@frames, 0, $given);
    $given += @frames;
  }
  close $client;
  exit 0;
}

while (my $client = $server->accept) {
  $client->autoflush(1);
  if (fork) { close $client; next }
  while (1) {
    my $head = '';
    while (my $line = <$client>) { $head .= $line; last if $line eq "\r\n" }
    exit 0 if $head eq '';
    my ($call) = $head =~ m{^POST /LogDriver\.(\S+)};
    my ($length) = $head =~ /Content-Length: (\d+)/i;
    my $body = '';
    read($client, $body, $length) if $length;
    my ($id) = $body =~ /"ContainerID":"([0-9a-f]+)"/;
    print "$call $body";
    give($client, $id, $body =~ /"Tail":(-?\d+)/, $body =~ /"Follow":true/ ? 1 : 0) if $call eq 'ReadLogs';
    if ($call eq 'StartLogging') {
      my ($pipe) = $body =~ /"File":"([^"]+)"/;
      open(my $mark, '>', "/logs/$id.open");
      unless (fork) { close $client; keep($pipe, $id) }
    }
    my $answer = $call eq 'Capabilities' ? qq({"Cap":{"ReadLogs":$ENV{READS}}}) : '{"Err":""}';
    print $client "HTTP/1.1 200 OK\r\nContent-Length: " . length($answer) . "\r\n\r\n$answer";
  }
}
