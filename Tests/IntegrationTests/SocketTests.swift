import Foundation
import TestSupport
import Testing

@Suite("Sockets", .ownThread, .timeLimit(.minutes(3))) struct SocketTests {
    @Test("A socket that a dead daemon left behind is replaced")
    func stale() throws {
        let folder = try DaemonFolder()
        let listen = [#"{ "unix": "socket" }"#, #"{ "unixDatagram": "datagrams" }"#]
        let first = try RunningDaemon(DaemonConfiguration(listen: listen), in: folder)
        first.send(SIGKILL)
        #expect(try first.wait().status == .signalled(SIGKILL))
        #expect(FileManager.default.fileExists(atPath: folder.file("socket")))
        #expect(FileManager.default.fileExists(atPath: folder.file("datagrams")))
        let second = try RunningDaemon(in: folder)
        #expect(try second.ask("echo hi") == Reply("hi\n"))
        #expect(try second.stop().status == .exited(0))
    }

    @Test("A second daemon on a live one's sockets says that it is already running, and harms nothing")
    func live() throws {
        for listener in [#"{ "unix": "socket" }"#, #"{ "unixDatagram": "socket" }"#] {
            let daemon = try RunningDaemon(DaemonConfiguration(listen: [listener]))
            let second = try daemon.folder.runDaemon()
            #expect(second.status == .exited(69))
            #expect(second.errorText.contains("cannot listen on \(daemon.folder.file("socket")): already running"))
            #expect(FileManager.default.fileExists(atPath: daemon.folder.file("socket")))
            #expect(try daemon.stop().status == .exited(0))
        }
    }

    @Test("A TCP port in use is an error that names it")
    func portInUse() throws {
        let first = try RunningDaemon(DaemonConfiguration(listen: [#"{ "tcp": "127.0.0.1:0" }"#]))
        let address = "127.0.0.1:\(try first.port(of: "tcp"))"
        let folder = try DaemonFolder().with(
            DaemonConfiguration(listen: [#"{ "unix": "socket" }"#, #"{ "tcp": "\#(address)" }"#]))
        let second = try folder.runDaemon()
        #expect(second.status == .exited(69))
        #expect(second.errorText.contains("cannot listen on \(address): another program listens there already"))
        #expect(
            !FileManager.default.fileExists(atPath: folder.file("socket")),
            "it left the socket behind that it had opened")
    }

    @Test("A file that is no socket is never touched")
    func otherFile() throws {
        let folder = try DaemonFolder()
        try Data("precious".utf8).write(to: URL(filePath: folder.file("socket")))
        let result = try folder.with(DaemonConfiguration()).runDaemon()
        #expect(result.status == .exited(69))
        #expect(result.errorText.contains("a file of that name is there that is not a socket; it was not touched"))
        #expect(try String(contentsOfFile: folder.file("socket"), encoding: .utf8) == "precious")
        unlink(folder.file("socket"))
        symlink(folder.file("elsewhere"), folder.file("socket"))
        #expect(try folder.runDaemon().status == .exited(69))
    }

    @Test("A socket's file is for its owner alone unless the config says otherwise")
    func mode() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [
                #"{ "unix": "socket" }"#, #"{ "unix": "group", "mode": "0660" }"#, #"{ "unixDatagram": "datagrams" }"#,
                #"{ "unix": "shared", "allowUsers": [ 0 ] }"#,
            ]))
        let modes = try ["socket", "group", "datagrams", "shared"].map { name in
            try FileManager.default.attributesOfItem(atPath: daemon.folder.file(name))[.posixPermissions] as? Int
        }
        #expect(modes == [0o600, 0o660, 0o600, 0o666])
    }

    @Test(
        "allowUsers lets the users in that it names, and tells the others so",
        .enabled(
            if: geteuid() == 0 && isInstalled("setpriv"), "only root can become other users, with setpriv of util-linux"
        ))
    func allowUsers() throws {
        let folder = try DaemonFolder()
        chmod(folder.path, 0o755)
        // Where other users can run it. Not copied by this process: a program that another thread starts could inherit the
        // descriptor that is written to, and a file that is open for writing is not run.
        let client = folder.file("fastdaemon_client")
        #expect(
            try run("/usr/bin/env", ["install", "-m", "755", builtProgram("fastdaemon_client"), client]).status
                == .exited(0))
        let daemon = try RunningDaemon(
            DaemonConfiguration(listen: [
                #"{ "unix": "socket" }"#, #"{ "unix": "shared", "allowUsers": [ "nobody" ] }"#,
            ]), in: folder)
        func ask(_ user: String, _ socket: String) throws -> ProgramResult {
            try run(
                "/usr/bin/env",
                [
                    "setpriv", "--reuid", user, "--regid", "65534", "--clear-groups", client, folder.file(socket),
                    "echo", "hi",
                ])
        }
        #expect(try ask("nobody", "shared").outputText == "hi\n")
        #expect(try daemon.connect("shared").ask("echo root") == Reply("root\n"))
        let other = try ask("12345", "shared")
        #expect(other.outputText == "")
        #expect(other.errorText.contains("user 12345 may not use this socket (listen.allowUsers)"))
        let shut = try ask("nobody", "socket")
        #expect(shut.status == .exited(69))
        #expect(shut.errorText.contains("Permission denied"))
    }
}
