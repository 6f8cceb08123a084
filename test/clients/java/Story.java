import com.github.dockerjava.api.model.HealthCheck;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.ImageFromDockerfile;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.MountableFile;

/** Testcontainers for Java drives the engine of DOCKER_HOST; anything but what is expected ends it. */
public class Story {
  public static void main(String[] args) throws Exception {
    check(DockerClientFactory.instance().isDockerAvailable(), "Docker is available");
    try (Network network = Network.newNetwork();
        GenericContainer<?> server = new GenericContainer<>("busybox:latest")) {
      var lines = new CopyOnWriteArrayList<String>();
      server.withNetwork(network).withNetworkAliases("web").withExposedPorts(80)
          .withCopyToContainer(Transferable.of("hello\n"), "/www/index.html")
          .withCommand("sh", "-c", "echo is ready; exec httpd -f -h /www")
          .withLogConsumer(frame -> lines.add(frame.getUtf8StringWithoutLineEnding()))
          .waitingFor(Wait.forHttp("/index.html").forStatusCode(200).withStartupTimeout(Duration.ofSeconds(30)))
          .start();
      var url = URI.create("http://" + server.getHost() + ":" + server.getMappedPort(80) + "/index.html");
      var page = HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofString());
      check(page.body().equals("hello\n"), page.body());
      for (int turn = 0; turn < 10; turn++) {
        Container.ExecResult result = server.execInContainer("sh", "-c", "echo " + turn + "; echo e >&2; exit " + turn);
        check(result.getExitCode() == turn, result.toString());
        check(result.getStdout().equals(turn + "\n") && result.getStderr().equals("e\n"), result.toString());
      }
      String copied = server.copyFileFromContainer("/www/index.html", stream -> new String(stream.readAllBytes()));
      check(copied.equals("hello\n"), "a copied file");
      server.copyFileToContainer(MountableFile.forHostPath(args[0]), "/tmp/story");
      check(server.execInContainer("cat", "/tmp/story").getStdout().contains("class Story"), "a file copied in");
      check(server.getLogs().equals("is ready\n") && lines.contains("is ready"), server.getLogs() + lines);
      check(server.isRunning() && server.getContainerInfo().getNetworkSettings().getNetworks().size() == 1, "inspect");

      try (GenericContainer<?> client = new GenericContainer<>("busybox:latest")) {
        client.withNetwork(network).withCommand("sleep", "100").start();
        var answer = client.execInContainer("wget", "-qO-", "http://web/index.html");
        check(answer.getStdout().equals("hello\n"), "one reaches the other by name");
      }
    }
    var image = new ImageFromDockerfile("story", true).withFileFromString("file", "from a context")
        .withDockerfileFromBuilder(builder ->
            builder.from("busybox:latest").copy("file", "/file").cmd("cat", "/file").build());
    try (GenericContainer<?> built = new GenericContainer<>(image)) {
      built.waitingFor(Wait.forLogMessage(".*from a context.*", 1)).start();
      check(built.getLogs().equals("from a context"), built.getLogs());
    }
    try (GenericContainer<?> healthy = new GenericContainer<>("busybox:latest")) {
      var check = new HealthCheck().withTest(List.of("CMD-SHELL", "true")).withInterval(200_000_000L);
      healthy.withCommand("sleep", "100").withCreateContainerCmdModifier(create -> create.withHealthcheck(check))
          .waitingFor(Wait.forHealthcheck()).start();
    }
    System.out.println("testcontainers: done");
  }

  static void check(boolean right, String what) {
    if (!right) throw new AssertionError(what);
  }
}
