import java.util.*;
import org.apache.kafka.clients.admin.*;

/** CreateTopic BOOTSTRAP NAME BROKER: waits until all of BOOTSTRAP are in the cluster, and makes a topic of one partition,
 *  whose only replica is on that broker. */
public class CreateTopic {
    public static void main(String[] args) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            while (admin.describeCluster().nodes().get().size() < args[0].split(",").length)
                Thread.sleep(100);
            NewTopic topic = new NewTopic(args[1], Map.of(0, List.of(Integer.valueOf(args[2]))));
            topic.configs(Map.of("cleanup.policy", "compact", "min.insync.replicas", "1"));
            admin.createTopics(List.of(topic)).all().get();
        }
    }
}
