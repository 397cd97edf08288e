import io.atomix.cluster.AtomixCluster;
import io.atomix.cluster.discovery.BootstrapDiscoveryProvider;
import io.atomix.cluster.protocol.SwimMembershipProtocol;
import io.atomix.utils.net.Address;
import io.camunda.zeebe.gateway.Gateway;
import io.camunda.zeebe.gateway.impl.SpringGatewayBridge;
import io.camunda.zeebe.gateway.impl.configuration.GatewayCfg;
import io.camunda.zeebe.util.sched.ActorScheduler;
import java.util.Optional;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.scheduling.annotation.EnableScheduling;

/** Zeebe's gateway with its health indicators, of the broker on this machine. */
@EnableAutoConfiguration
@EnableScheduling
@ComponentScan("io.camunda.zeebe.gateway.impl")
public class StandaloneGateway {
    public static void main(String[] args) throws Exception {
        var bridge = SpringApplication.run(StandaloneGateway.class, args).getBean(SpringGatewayBridge.class);
        var settings = new GatewayCfg();
        settings.getNetwork().setHost("127.0.0.1").setPort(26510);
        settings.getCluster().setHost("127.0.0.1").setPort(26512).setContactPoint("127.0.0.1:26502");
        settings.init();

        var own = settings.getCluster();
        var brokers = BootstrapDiscoveryProvider.builder().withNodes(Address.from(own.getContactPoint())).build();
        var cluster = AtomixCluster.builder()
            .withMemberId(own.getMemberId())
            .withClusterId(own.getClusterName())
            .withAddress(Address.from(own.getHost(), own.getPort()))
            .withMembershipProvider(brokers)
            .withMembershipProtocol(SwimMembershipProtocol.builder().build())
            .build();
        cluster.start();

        var scheduler = ActorScheduler.newActorScheduler().build();
        scheduler.start();
        var gateway = new Gateway(settings, cluster.getMessagingService(), cluster.getMembershipService(),
                                  cluster.getEventService(), scheduler);
        bridge.registerGatewayStatusSupplier(gateway::getStatus);
        bridge.registerBrokerClientSupplier(gateway::getBrokerClient);
        bridge.registerClusterStateSupplier(
            () -> Optional.ofNullable(gateway.getBrokerClient()).map(client -> client.getTopologyManager().getTopology()));
        gateway.start();
    }
}
