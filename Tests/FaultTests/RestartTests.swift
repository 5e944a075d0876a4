import Foundation
import TestSupport
import Testing

/// Daemons that follow each other on sockets that a service manager keeps.
@Suite("Faults: restarts", .serialized, .ownThread, .timeLimit(.minutes(5))) struct RestartTests {
    @Test("Five restarts under load on a socket that is kept: no call fails, in the daemon or in workers")
    func underLoad() throws {
        let sockets = ActivatedSockets()
        let folder = try DaemonFolder().with(
            DaemonConfiguration(
                listen: [#"{ "systemd": "records" }"#],
                plugins: ["Echo", "Wait", #"{ "library": "libCount.so", "execution": "process" }"#]))
        try sockets.add("records", unix: folder.file("socket"))
        func start() throws -> RunningDaemon {
            let daemon = try sockets.handOver { launcher, variables in
                try RunningDaemon(startingIn: folder, launcher: launcher, environment: variables)
            }
            try daemon.waitUntilReady()
            return daemon
        }
        var daemon = try start()
        let socket = folder.file("socket")
        let questions = [
            Load.Question.echo, Load.Question("wait 0.01", reply: "waited 0.01\n"),
            Load.Question("count -l", input: "one\ntwo\n", reply: "2\n"),
        ]
        let load = Load(of: questions, clients: 3, callsPerConnection: 1) {
            let peer = try RawPeer(unix: socket)
            // Some have connected, and have not asked yet, when their daemon is told to stop: they have a second.
            usleep(1000)
            return peer
        }
        for _ in 0..<5 {
            // Each daemon is stopped while it is used.
            try load.waitForCalls(load.calls + 300)
            #expect(try daemon.stop().status == .exited(0))
            daemon = try start()
        }
        try load.waitForCalls(load.calls + 300)
        let tally = load.stop()
        print("restarts: 5, \(tally.calls) calls, \(tally.failed) failed")
        #expect(tally.failures == [])
        #expect(try daemon.stop().status == .exited(0))
    }
}
