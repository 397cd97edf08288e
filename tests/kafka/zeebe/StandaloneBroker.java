import io.camunda.zeebe.broker.Broker;
import io.camunda.zeebe.broker.SpringBrokerBridge;
import io.camunda.zeebe.broker.system.SystemContext;
import io.camunda.zeebe.broker.system.configuration.BrokerCfg;
import io.camunda.zeebe.broker.system.monitoring.MonitoringRestController;
import io.camunda.zeebe.util.sched.clock.ActorClock;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/** Zeebe's broker with its HTTP server, without the main class of its distribution, which no registry has. */
@EnableAutoConfiguration
@Import({MonitoringRestController.class, SpringBrokerBridge.class})
public class StandaloneBroker {
    /** Five times as fast as others: a broker looks at its health once a minute. */
    private static class FastClock implements ActorClock {
        private final long begin = System.currentTimeMillis(), beginNanos = System.nanoTime();

        @Override public boolean update() { return true; }
        @Override public long getNanoTime() { return beginNanos + (System.nanoTime() - beginNanos) * 5; }
        @Override public long getTimeMillis() { return begin + (getNanoTime() - beginNanos) / 1_000_000; }
        @Override public long getNanosSinceLastMillisecond() { return (getNanoTime() - beginNanos) % 1_000_000; }
    }

    public static void main(String[] args) {
        var bridge = SpringApplication.run(StandaloneBroker.class, args).getBean(SpringBrokerBridge.class);
        var directory = System.getProperty("user.dir");
        var settings = new BrokerCfg();
        settings.getNetwork().setHost("127.0.0.1");
        settings.getGateway().setEnable(false);
        settings.init(directory);
        var system = new SystemContext(settings, directory, new FastClock());
        system.getScheduler().start();
        new Broker(system, bridge).start().join();
    }
}
