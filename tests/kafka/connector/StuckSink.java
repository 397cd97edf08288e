import java.util.*;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.*;

/** Takes records, but blocks on the first one that is "poison" for as long as the file exists that block.while names. */
public class StuckSink extends SinkConnector {
    private Map<String, String> properties;

    @Override public void start(Map<String, String> properties) { this.properties = properties; }
    @Override public List<Map<String, String>> taskConfigs(int maxTasks) { return List.of(properties); }
    @Override public Class<? extends Task> taskClass() { return StuckTask.class; }
    @Override public ConfigDef config() { return new ConfigDef().define("block.while", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, ""); }
    @Override public void stop() { }
    @Override public String version() { return "1"; }

    public static class StuckTask extends SinkTask {
        private java.io.File file;

        @Override public void start(Map<String, String> properties) { file = new java.io.File(properties.get("block.while")); }

        @Override public void put(Collection<SinkRecord> records) {
            for (SinkRecord record : records)
                while ("poison".equals(record.value()) && file.exists()) {
                    try {
                        Thread.sleep(100);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
        }

        @Override public void stop() { }
        @Override public String version() { return "1"; }
    }
}
