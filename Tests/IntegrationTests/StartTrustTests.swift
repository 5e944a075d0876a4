import Foundation
import TestSupport
import Testing

/// Whose files `fastdaemon_client --start` follows: the user's own, and never those of the folder that it is called in.
@Suite("What starting the daemon trusts", .ownThread, .serialized, .timeLimit(.minutes(3)))
struct StartTrustTests {
    private let started: StartedDaemons

    init() throws {
        started = try StartedDaemons()
    }

    /// Runs a client in `folder`.
    private func client(
        in folder: String, _ words: [String], environment: [String: String?] = [:]
    ) throws -> ProgramResult {
        let script = #"cd "$0" && exec "$@""#
        let client = [builtProgram("fastdaemon_client"), "--start", started.socket]
        return try started.program("/bin/sh", ["-c", script, folder] + client + words, environment: environment)
            .wait(seconds: 30)
    }

    @Test("the config of the caller's folder does not count, but the user's does")
    func configHere() throws {
        func makeConfig(_ folder: String, _ text: String) throws {
            try FileManager.default.createDirectory(
                atPath: started.file(folder), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            try Data(text.utf8).write(to: URL(filePath: started.file(folder + "/fastdaemon.json")))
            chmod(started.file(folder + "/fastdaemon.json"), 0o644)
        }
        let own = DaemonConfiguration(listen: [#"{ "unix": "\#(started.socket)" }"#], plugins: []).text
        try makeConfig("clone/config", #"{ "hostile": 1 }"#)
        try makeConfig("own/fastdaemon", own)
        let environment = [
            "FASTDAEMON_CONFIG": nil, "XDG_CONFIG_HOME": started.file("own"), "HOME": started.folder.path,
        ]
        let result = try client(in: started.file("clone"), ["daemon", "ping"], environment: environment)
        #expect(result.outputText == "pong\n", "\(result.errorText)")
        #expect(!started.log.contains("hostile"))
    }

    @Test("a relative $FASTDAEMON_CONFIG is of the caller's folder")
    func relativeConfig() throws {
        let result = try client(
            in: started.folder.path, ["echo", "hi"], environment: ["FASTDAEMON_CONFIG": "config.json"])
        #expect(result.outputText == "hi\n", "\(result.errorText)")
    }

    @Test("a runtime folder that is a link is not used, but the one in /tmp")
    func link() throws {
        let folder = started.file("run/fastdaemon")
        try FileManager.default.createDirectory(atPath: started.file("elsewhere"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: started.file("elsewhere"))
        try keepingTheOneInTmp { () throws in
            #expect(try started.runClient(["--start", started.socket, "echo", "hi"]).outputText == "hi\n")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: started.file("elsewhere")).isEmpty)
    }

    @Test(
        "nothing is made where another user could change what it is made of",
        .enabled(if: geteuid() == 0, "only root can make a folder of another user's"),
        arguments: ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"], ["", "/link/below"])
    func foreign(variable: String, part: String) throws {
        let foreign = started.file("foreign")
        let inside = started.file("inside")
        for folder in [foreign, inside, inside + "/below"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }
        try FileManager.default.createSymbolicLink(atPath: foreign + "/link", withDestinationPath: inside)
        chown(foreign, 65_534, 65_534)
        var environment: [String: String?] = [variable: foreign + part]
        if variable == "HOME" { environment["XDG_STATE_HOME"] = .some(nil) }
        try keepingTheOneInTmp { () throws in
            let words = ["--start", started.socket, "echo", "hi"]
            #expect(try started.runClient(words, environment: environment).outputText == "hi\n")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: foreign) == ["link"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: inside + "/below").isEmpty)
    }

    /// Leaves the user's folder in `/tmp` as it was.
    private func keepingTheOneInTmp(_ body: () throws -> Void) throws {
        let folder = "/tmp/fastdaemon-\(geteuid())"
        let before = try? FileManager.default.contentsOfDirectory(atPath: folder)
        defer {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            where before?.contains(name) != true {
                unlink(folder + "/" + name)
            }
            if before == nil { rmdir(folder) }
        }
        try body()
    }
}
