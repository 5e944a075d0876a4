import Foundation
import TestSupport
import Testing

@Suite("What changes the daemon", .ownThread, .timeLimit(.minutes(3))) struct PermissionTests {
    private static let setpriv = "/usr/bin/setpriv"
    private static let nobody = 65_534

    private static func listen(_ mode: String) -> String {
        #"{ "unix": "socket", "mode": "\#(mode)", "allowUsers": [\#(nobody)] }"#
    }

    @Test(
        "is refused to another user, who may look at it",
        .enabled(if: getuid() == 0 && FileManager.default.isExecutableFile(atPath: setpriv)))
    func otherUser() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: [Self.listen("0666")]))
        chmod(daemon.folder.path, 0o755)
        func asNobody(_ words: String...) throws -> ProgramResult {
            let user = ["--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups"]
            let client = try daemon.folder.publicClient()
            return try run(Self.setpriv, user + [client, daemon.folder.file("socket")] + words)
        }
        #expect(try asNobody("daemon", "ping").outputText == "pong\n")
        let refused = try asNobody("daemon", "reload")
        #expect(refused.status == .exited(77) && refused.outputText == "")
        #expect(refused.errorText.contains("only root and the daemon's own user (uid 0)"), "\(refused.errorText)")
        #expect(refused.errorText.contains("uid \(Self.nobody)"))
        #expect(try daemon.ask("daemon reload").output.contains("generation 2"), "root may")
    }

    @Test("is refused over TCP and in datagrams, where nobody vouches for the user")
    func otherSockets() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [
                #"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#, #"{ "unixDatagram": "datagrams" }"#,
            ]))
        let port = try daemon.port(of: "tcp")
        let client = builtProgram("fastdaemon_client")
        let result = try run(client, ["\(port)", "daemon", "reload"])
        #expect(result.status == .exited(77) && result.errorText.contains("through a Unix stream socket"))
        let datagram = try run(client, ["--dgram", daemon.folder.file("datagrams"), "daemon", "reload"])
        #expect(datagram.errorText.contains("through a Unix stream socket"))
        #expect(try run(client, ["\(port)", "daemon", "ping"]).outputText == "pong\n")
        #expect(try daemon.ask("daemon plugins").output.hasPrefix("generation 1\n"))
    }
}

extension DaemonFolder {
    /// A copy of the client that everybody may run.
    fileprivate func publicClient() throws -> String {
        let copy = file("fastdaemon_client")
        if !FileManager.default.fileExists(atPath: copy) {
            try FileManager.default.copyItem(atPath: builtProgram("fastdaemon_client"), toPath: copy)
            chmod(copy, 0o755)
        }
        return copy
    }
}
