import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** A Java program that runs on and calls with HttpClient. See caller-program.ts for what is spoken. */
class JavaCaller {
    private static final char[] password = "changeit".toCharArray();

    public static void main(String[] arguments) throws Exception {
        Path live = Path.of(arguments[0]);
        String mode = arguments[1];
        Path folder = null;
        HttpClient client = null;
        BufferedReader urls = new BufferedReader(new InputStreamReader(System.in));
        for (String url = urls.readLine(); url != null; url = urls.readLine()) {
            try {
                // The link is read once, so that both stores are of one generation. A new generation is
                // a new client: the old one keeps what it has read.
                Path newest = live.toRealPath();
                if (!newest.equals(folder)) {
                    client = openClient(newest, mode);
                    folder = newest;
                }
                System.out.println(call(client, url));
            } catch (IOException error) {
                System.out.println("refused: " + error.getMessage());
            }
        }
    }

    private static HttpClient openClient(Path folder, String mode) throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(
            mode.equals("no-certificate") ? null : keyManagers(folder.resolve("keystore.p12")),
            // Null stands for the system's roots.
            mode.equals("system-roots") ? null : trustManagers(folder.resolve("truststore.p12")),
            null);
        return HttpClient.newBuilder().sslContext(context).version(HttpClient.Version.HTTP_1_1).build();
    }

    private static KeyManager[] keyManagers(Path path) throws IOException, GeneralSecurityException {
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(KeyStore.getInstance(path.toFile(), password), password);
        return factory.getKeyManagers();
    }

    private static TrustManager[] trustManagers(Path path) throws IOException, GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(KeyStore.getInstance(path.toFile(), password));
        return factory.getTrustManagers();
    }

    private static String call(HttpClient client, String url) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30)).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) throw new IOException("status " + response.statusCode());
        return response.body().strip();
    }
}
