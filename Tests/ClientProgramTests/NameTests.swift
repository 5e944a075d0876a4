import Foundation
import TestSupport
import Testing

@Suite("The forwarder called by another name")
struct NameTests {
    private let folder = try! TemporaryFolder()

    /// Runs the forwarder through a link of this name.
    private func run(_ name: String, _ words: [String], port: String?) throws -> ProgramResult {
        let link = folder.file(name)
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: builtProgram("fastdaemon_client"))
        var environment = ProcessInfo.processInfo.environment
        environment["FASTDAEMON_PORT"] = port
        return try TestSupport.run(link, words, environment: environment)
    }

    /// A daemon that answers one request, and what it was asked.
    private func request(_ name: String, _ words: [String]) throws -> [UInt8] {
        let server = try FakeServer(.unix(folder.file("s"))) { peer in
            let request = try peer.receiveRequest()
            try peer.send(.hello(), .output("out"), .end())
            return request.first { $0.type == 0x01 }?.payload ?? []
        }
        let result = try run(name, words, port: server.port)
        #expect(result.outputText == "out")
        #expect(result.errorText == "")
        return try server.finish()
    }

    @Test("the name is the command, and all the words are its arguments")
    func command() throws {
        #expect(
            try request("count", ["--record", "-h", "--", "9998", "x"])
                == Array("count\0--record\0-h\0--\09998\0x\0".utf8))
    }

    @Test("the minus before a login shell's name is no part of the command")
    func loginShell() throws {
        #expect(try request("-tool", []) == Array("tool\0".utf8))
    }

    @Test("the program's own name after a minus is its own name")
    func ownName() throws {
        let result = try run("-fastdaemon_client", ["--version"], port: nil)
        #expect(result.outputText.hasPrefix("fastdaemon_client "))
    }

    @Test("without a port it says what to do", arguments: [nil, ""] as [String?])
    func noPort(port: String?) throws {
        let result = try run("count", ["-l"], port: port)
        #expect(result.status == .exited(64))
        #expect(
            result.errorText
                == "fastdaemon_client: called as count, it finds its daemon by $FASTDAEMON_PORT: set that to the "
                + "daemon's port number or the path of its socket; see fastdaemon_client --help\n")
    }

    @Test("by its own name it takes no port from the environment")
    func ordinary() throws {
        var environment = ProcessInfo.processInfo.environment
        environment["FASTDAEMON_PORT"] = "9998"
        let result = try TestSupport.run(builtProgram("fastdaemon_client"), [], environment: environment)
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("a port number or the path of a socket is missing"))
    }
}
