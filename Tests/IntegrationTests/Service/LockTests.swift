import Foundation
import TestSupport
import Testing

@Suite("One daemon a socket", .ownThread, .timeLimit(.minutes(2))) struct LockTests {
    private static let listeners = [#"{ "unix": "socket" }"#, #"{ "unixDatagram": "socket" }"#]

    @Test("A second daemon says which process has the socket, and harms nothing", arguments: listeners)
    func second(listener: String) throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: [listener]))
        let second = try daemon.folder.runDaemon()
        #expect(second.status == .exited(69))
        let socket = daemon.folder.file("socket")
        #expect(
            second.errorText.contains(
                "cannot listen on \(socket): already running: fastdaemond, process \(daemon.process), holds \(socket).lock"
            ))
        #expect(access(socket, F_OK) == 0)
        #expect(try daemon.stop().status == .exited(0))
        #expect(access(socket, F_OK) != 0)
        #expect(access(socket + ".lock", F_OK) != 0, "it left its lock behind")
    }

    @Test("The place of one that was killed can be taken, again and again", arguments: listeners)
    func killed(listener: String) throws {
        let folder = try DaemonFolder()
        for _ in 0..<3 {
            let daemon = try RunningDaemon(DaemonConfiguration(listen: [listener]), in: folder)
            daemon.send(SIGKILL)
            #expect(try daemon.wait().status == .signalled(SIGKILL))
            #expect(access(folder.file("socket.lock"), F_OK) == 0)
        }
        let last = try RunningDaemon(DaemonConfiguration(listen: [listener]), in: folder)
        #expect(try last.stop().status == .exited(0))
        #expect(access(folder.file("socket.lock"), F_OK) != 0)
    }

    @Test("Of many that start at the same time on what a dead one left, one serves")
    func race() throws {
        let folder = try DaemonFolder()
        let first = try RunningDaemon(DaemonConfiguration(plugins: ["Echo"]), in: folder)
        first.send(SIGKILL)
        _ = try first.wait()
        let daemons = try (0..<6).map { _ in try RunningDaemon(startingIn: folder) }
        var serving: [RunningDaemon] = []
        for daemon in daemons {
            if daemon.waitForLine(where: { $0.contains("notice: ready") }) != nil {
                serving.append(daemon)
            } else {
                #expect(try daemon.wait().errorText.contains("already running"))
            }
        }
        #expect(serving.count == 1)
        #expect(try serving.first?.ask("echo hi") == Reply("hi\n"))
        #expect(try serving.first?.stop().status == .exited(0))
    }

    @Test("A file in the lock's place that is somebody's is not touched")
    func precious() throws {
        let folder = try DaemonFolder()
        let text = "what somebody wants to keep, and which is no number"
        try Data(text.utf8).write(to: URL(filePath: folder.file("socket.lock")))
        let result = try folder.with(DaemonConfiguration()).runDaemon()
        #expect(result.status == .exited(69))
        #expect(result.errorText.contains("socket.lock is there and is not a lock of ours; it was not touched"))
        #expect(try String(contentsOfFile: folder.file("socket.lock"), encoding: .utf8) == text)
    }
}
