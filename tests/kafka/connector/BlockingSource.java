import java.util.*;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.*;

/** Blocks the herder's tick thread for as long as the file exists that its property block.while names. */
public class BlockingSource extends SourceConnector {
    private String file;

    @Override public void start(Map<String, String> properties) { file = properties.get("block.while"); }

    @Override public List<Map<String, String>> taskConfigs(int maxTasks) {
        while (new java.io.File(file).exists()) {
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                break;
            }
        }
        return List.of();
    }

    @Override public Class<? extends Task> taskClass() { return SourceTask.class; }
    @Override public ConfigDef config() { return new ConfigDef().define("block.while", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, ""); }
    @Override public void stop() { }
    @Override public String version() { return "1"; }
}
