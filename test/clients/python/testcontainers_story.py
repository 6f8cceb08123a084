"""Testcontainers for Python: a container that is waited for, by its log and by its port; the network between two."""
import urllib.request

from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import HttpWaitStrategy, LogMessageWaitStrategy

with Network() as network:
    server = (
        DockerContainer("busybox")
        .with_command("sh -c 'mkdir /www; echo hello >/www/index.html; echo is ready; exec httpd -f -h /www'")
        .with_exposed_ports(80)
        .with_network(network)
        .with_network_aliases("web")
        .waiting_for(LogMessageWaitStrategy("is ready"))
    )
    with server:
        url = f"http://{server.get_container_host_ip()}:{server.get_exposed_port(80)}/"
        assert urllib.request.urlopen(url).read() == b"hello\n", url
        assert server.exec("cat /www/index.html") == (0, b"hello\n")
        assert server.get_logs()[0] == b"is ready\n"
        with DockerContainer("busybox").with_command("sleep 100").with_network(network) as client:
            assert client.exec("wget -qO- http://web/") == (0, b"hello\n")
    waited = DockerContainer("busybox").with_command("httpd -f -h /etc").with_exposed_ports(80)
    with waited.waiting_for(HttpWaitStrategy(80, "/passwd")) as second:
        assert "root" in second.exec("cat /etc/passwd").output.decode()
print("testcontainers: done")
