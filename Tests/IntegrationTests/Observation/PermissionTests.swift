import Foundation
import TestSupport
import Testing

@Suite("What changes the daemon", .ownThread, .timeLimit(.minutes(3))) struct PermissionTests {
    private static let setpriv = "/usr/bin/setpriv"
    private static let nobody = 65_534

    /// The words before a program's that have it run as a user.
    private static func user(_ number: Int) -> [String] {
        [setpriv, "--reuid=\(number)", "--regid=\(number)", "--clear-groups"]
    }

    /// A container may have a root that is not allowed to be others.
    static var mayBeOthers: Bool {
        guard getuid() == 0, FileManager.default.isExecutableFile(atPath: setpriv) else { return false }
        return (try? run(setpriv, user(nobody).dropFirst() + ["/bin/true"]).status) == .exited(0)
    }

    private static func listen(_ mode: String) -> String {
        #"{ "unix": "socket", "mode": "\#(mode)", "allowUsers": [\#(nobody)] }"#
    }

    @Test(
        "is refused to another user, who may look at it",
        .enabled(if: mayBeOthers, "setpriv is not there, or no other user can be taken on"))
    func otherUser() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(listen: [Self.listen("0666")]))
        chmod(daemon.folder.path, 0o755)
        func asNobody(_ words: String...) throws -> ProgramResult {
            let client = try daemon.folder.publicProgram("fastdaemon_client")
            return try run(
                Self.setpriv, Self.user(Self.nobody).dropFirst() + [client, daemon.folder.file("socket")] + words)
        }
        #expect(try asNobody("daemon", "ping").outputText == "pong\n")
        let refused = try asNobody("daemon", "reload")
        #expect(refused.status == .exited(77) && refused.outputText == "")
        #expect(refused.errorText.contains("only root and the daemon's own user (uid 0)"), "\(refused.errorText)")
        #expect(refused.errorText.contains("uid \(Self.nobody)"))
        #expect(try daemon.ask("daemon reload").output.contains("generation 2"), "root may")
    }

    @Test(
        "is allowed to the daemon's own user where that is not root, and to root, and to nobody else",
        .enabled(if: mayBeOthers, "setpriv is not there, or no other user can be taken on"))
    func ownUser() throws {
        let folder = try DaemonFolder().with(
            DaemonConfiguration(listen: [#"{ "unix": "socket", "mode": "0666", "allowUsers": [1] }"#]))
        chmod(folder.path, 0o755)
        chmod(folder.configuration, 0o644)
        #expect(chown(folder.path, uid_t(Self.nobody), gid_t(Self.nobody)) == 0)
        let daemon = try RunningDaemon(
            startingIn: folder, program: folder.publicProgram("fastdaemond"), launcher: Self.user(Self.nobody))
        try daemon.waitUntilReady()
        func reload(as user: Int) throws -> ProgramResult {
            let words = [try folder.publicProgram("fastdaemon_client"), folder.file("socket"), "daemon", "reload"]
            return try run(Self.setpriv, Self.user(user).dropFirst() + words)
        }
        for (user, generation) in [(Self.nobody, 2), (0, 3)] {
            let result = try reload(as: user)
            #expect(result.status == .exited(0), "uid \(user): \(result.errorText)")
            #expect(result.outputText.contains("generation \(generation) is served now"))
        }
        let refused = try reload(as: 1)
        #expect(refused.status == .exited(77) && refused.outputText == "")
        #expect(refused.errorText.contains("only root and the daemon's own user (uid \(Self.nobody))"))
        #expect(try daemon.stop().status == .exited(0))
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
    /// A copy of a program that everybody may run.
    fileprivate func publicProgram(_ name: String) throws -> String {
        let copy = file(name)
        if !FileManager.default.fileExists(atPath: copy) {
            try FileManager.default.copyItem(atPath: builtProgram(name), toPath: copy)
            chmod(copy, 0o755)
        }
        return copy
    }
}
