"""docker-py drives the engine of DOCKER_HOST; anything but what is expected ends it."""
import io
import tarfile
import threading

import docker

client = docker.from_env()
assert client.ping()
assert client.version()["Os"] == "linux" and client.info()["OSType"] == "linux"

# Output, with and without waiting for it; errors with their exit code.
assert client.containers.run("busybox", "echo hi", remove=True) == b"hi\n"
both = client.containers.run("busybox", ["sh", "-c", "echo out; echo err >&2"], stdout=True, stderr=True, remove=True)
assert both in (b"out\nerr\n", b"err\nout\n"), both
try:
    client.containers.run("busybox", ["sh", "-c", "echo wrong >&2; exit 3"], remove=True)
    raise AssertionError("an exit code of 3 is an error")
except docker.errors.ContainerError as error:
    assert error.exit_status == 3 and error.stderr == b"wrong\n", error
try:
    client.containers.get("nobody")
    raise AssertionError("nobody was found")
except docker.errors.NotFound as error:
    assert error.explanation == "No such container: nobody", error.explanation

# Every line of an exec, each time: a reply's head and the first output must not be taken for one.
box = client.containers.run(
    "busybox",
    "sleep 1000",
    detach=True,
    name="box",
    labels={"one": "1"},
    environment={"A": "b"},
    ports={"80/tcp": ("127.0.0.1", None)},
)
for turn in range(20):
    code, output = box.exec_run(["sh", "-c", f"echo {turn}; echo e{turn} >&2; exit 4"], demux=True)
    assert (code, output) == (4, (f"{turn}\n".encode(), f"e{turn}\n".encode())), (turn, code, output)
assert [piece for piece in box.exec_run("echo streamed", stream=True).output] == [b"streamed\n"]
assert box.exec_run("tty", tty=True).output == b"/dev/pts/0\r\n"
socket = box.exec_run("cat", stdin=True, socket=True).output._sock
socket.sendall(b"through a socket\n")
socket.shutdown(1)
assert b"through a socket\n" in b"".join(iter(lambda: socket.recv(4096), b""))

# Archives.
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as tar:
    info = tarfile.TarInfo("file")
    info.size = 4
    tar.addfile(info, io.BytesIO(b"four"))
assert box.put_archive("/tmp", packed.getvalue())
pieces, stat = box.get_archive("/tmp/file")
assert stat["size"] == 4 and tarfile.open(fileobj=io.BytesIO(b"".join(pieces))).extractfile("file").read() == b"four"
assert {"Path": "/tmp/file", "Kind": 1} in box.diff()

# What is told of it.
box.reload()
assert box.status == "running" and box.labels == {"one": "1"} and box.ports["80/tcp"][0]["HostIp"] == "127.0.0.1"
assert [each.name for each in client.containers.list(filters={"label": "one=1"})] == ["box"]
assert "sleep 1000" in box.top()["Processes"][0][-1]
assert box.stats(stream=False)["pids_stats"]["current"] >= 1
box.rename("renamed"), box.pause(), box.unpause(), box.update(cpu_shares=512)
box.stop(timeout=0)
assert box.wait()["StatusCode"] == 137
box.remove()

# A stream ends after the state it promises: never a conflict.
for _ in range(10):
    short = client.containers.create("busybox", "echo attached")
    stream = short.attach(stream=True)
    short.start()
    assert b"".join(stream) == b"attached\n"
    short.remove()

# Logs as they come.
talker = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; done"], detach=True)
assert b"".join(talker.logs(stream=True, follow=True)) == b"1\n2\n3\n"
assert talker.logs(tail=1) == b"3\n" and talker.logs(timestamps=True).startswith(b"20")
talker.remove()

# Networks with names, volumes, images.
network = client.networks.create("net", labels={"a": "b"})
volume = client.volumes.create("vol")
server = client.containers.run(
    "busybox",
    "httpd -f -h /vol",
    detach=True,
    name="server",
    network="net",
    volumes={"vol": {"bind": "/vol", "mode": "rw"}},
)
server.exec_run(["sh", "-c", "echo page >/vol/index.html"])
assert client.containers.run("busybox", "wget -qO- http://server/", network="net", remove=True) == b"page\n"
assert [each.name for each in client.networks.get("net").containers] == ["server"]
server.remove(force=True)
network.remove(), volume.remove()

dockerfile = b"FROM busybox\nLABEL made=here\nRUN echo built >/built\n"
image, lines = client.images.build(fileobj=io.BytesIO(dockerfile), tag="made:1")
assert image.labels == {"made": "here"} and any("Successfully built" in line.get("stream", "") for line in lines)
try:
    client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 5\n"))
    raise AssertionError("a build that fails is an error")
except docker.errors.BuildError as error:
    assert "The command '/bin/sh -c exit 5' returned a non-zero code: 5" in error.msg, error.msg
saved = b"".join(image.save(named=True))
client.images.remove("made:1")
assert client.images.load(saved)[0].tags == ["made:1"]
client.images.get("made:1").tag("other", "2")
assert "echo built >/built" in client.images.get("other:2").history()[0]["CreatedBy"]
client.images.remove("other:2"), client.images.remove("made:1")

# Events while things happen.
heard = []
events = client.events(decode=True, filters={"type": "container"})
listener = threading.Thread(target=lambda: [heard.append((event["Action"], event["status"])) for event in events])
listener.start()
client.containers.run("busybox", "true", remove=True)
while ("destroy", "destroy") not in heard:
    pass
events.close()
listener.join()
actions = [action for action, _ in heard]
assert actions[:3] == ["create", "attach", "start"] or actions[:2] == ["create", "start"], heard
assert client.containers.list(all=True) == []
print("docker-py: done")
