# A plugin of the tests: volumes that are folders below /data, over HTTP on the socket that $SOCKET names. With no more
# than perl-base. `POST /Test.Env` and the like show how the plugin was started.
use strict;
use IO::Socket::UNIX;
$| = 1;
exit 3 if $ENV{DIES};
my $path = "/run/docker/plugins/$ENV{SOCKET}";
unlink $path;
my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 16) or die "listen: $!";
print "listening as $ENV{NAME}\n";
print STDERR "a warning\n";
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { print "goodbye\n"; exit 0 } unless $ENV{STUBBORN};

sub slurp { my ($file) = @_; open(my $in, '<', $file) or return ''; local $/; return <$in> }

sub text { my ($value) = @_; $value =~ s/\0/ /g; $value =~ s/([\\"])/\\$1/g; $value =~ s/\n/\\n/g; $value =~ s/\t/ /g; return qq("$value") }

sub volume { my ($name) = @_; return qq({"Name":"$name","Mountpoint":"/data/$name","Status":{"by":"$ENV{NAME}"}}) }

sub answer {
  my ($call, $body) = @_;
  my ($name) = $body =~ /"Name":"([^"]*)"/;
  return '{"Capabilities":{"Scope":"local"}}' if $call eq 'VolumeDriver.Capabilities';
  if ($call eq 'VolumeDriver.Create') { mkdir "/data/$name"; return '{}' }
  if ($call eq 'VolumeDriver.Remove') { system('rm', '-r', "/data/$name"); return '{}' }
  return qq({"Mountpoint":"/data/$name"}) if $call =~ /^VolumeDriver\.(Mount|Path)$/;
  return '{}' if $call eq 'VolumeDriver.Unmount';
  return -d "/data/$name" ? '{"Volume":' . volume($name) . '}' : '{"Err":"no such volume"}' if $call eq 'VolumeDriver.Get';
  if ($call eq 'VolumeDriver.List') {
    opendir(my $dir, '/data');
    return '{"Volumes":[' . join(',', map { volume($_) } grep { !/^\./ } readdir $dir) . ']}';
  }
  return text(slurp('/proc/self/environ')) if $call eq 'Test.Env';
  return text(slurp('/proc/self/status')) if $call eq 'Test.Status';
  return text(slurp('/proc/self/mountinfo')) if $call eq 'Test.Mounts';
  return text(join ' ', @ARGV) if $call eq 'Test.Args';
  return text(join ' ', map { readlink "/proc/self/ns/$_" } qw(net pid ipc uts mnt cgroup)) if $call eq 'Test.Namespaces';
  return '{"Err":"unknown call"}';
}

while (my $client = $server->accept) {
  if (fork) { close $client; next }
  while (1) {
    my $head = '';
    while (my $line = <$client>) { $head .= $line; last if $line eq "\r\n" }
    exit 0 if $head eq '';
    my ($call) = $head =~ m{^POST /(\S+)};
    my ($length) = $head =~ /Content-Length: (\d+)/i;
    my $body = '';
    read($client, $body, $length) if $length;
    my $answer = answer($call, $body);
    print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($answer) . "\r\n\r\n$answer";
  }
}
