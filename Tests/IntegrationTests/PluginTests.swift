import Foundation
import TestSupport
import Testing

@Suite("Plugins that are served", .ownThread, .timeLimit(.minutes(3))) struct PluginTests {
    @Test("A library that is in the folder and not listed is not served")
    func notListed() throws {
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: ["Wait"]))
        #expect(try daemon.ask("echo hi").errors.contains("no command 'echo'"))
        #expect(try daemon.ask("wait 0") == Reply("waited 0\n"))
    }

    @Test("One library may be listed twice, with names and commands of its own each")
    func twice() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [
                #"{ "library": "libEcho.so", "name": "one", "commands": { "say": "echo" } }"#,
                #"{ "library": "libEcho.so", "name": "two", "commands": { "tell": "echo", "utter": "echo" } }"#,
            ]))
        for command in ["say", "tell", "utter"] { #expect(try daemon.ask("\(command) hi") == Reply("hi\n")) }
        #expect(try daemon.ask("echo hi").errors.contains("no command"))
        let listed = try daemon.ask("daemon plugins").output.split(separator: "\n")
        for name in ["one", "two"] { #expect(listed.contains { $0.hasPrefix("\(name) ") }, "\(listed)") }
    }

    @Test("A config may restrict a plugin to some of its commands, and make one run on the pool that runs on the loop")
    func restricted() throws {
        let folder = try DaemonFolder()
        try folder.build("toolbox")
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [
                #"{ "library": "libtoolbox.so", "execution": "concurrent", "commands": { "who": "caller" } }"#
            ]), in: folder)
        #expect(try daemon.ask("who").output.hasPrefix("1 \(getuid()) uid \(getuid()) pid \(getpid())"))
        #expect(try daemon.ask("big 1").errors.contains("no command"))
        #expect(try daemon.ask("daemon status").output.contains("who      concurrent"))
    }

    @Test("Names are bytes: two spellings of one accented letter are two commands")
    func spellings() throws {
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [
                #"{ "library": "libEcho.so", "name": "one", "commands": { "caf\u00e9": "echo" } }"#,
                #"{ "library": "libWait.so", "name": "two", "commands": { "cafe\u0301": "wait" } }"#,
            ]))
        #expect(try daemon.ask("caf\u{E9} hi") == Reply("hi\n"))
        #expect(try daemon.ask("cafe\u{301} 0") == Reply("waited 0\n"))
    }

    @Test("A library that is written over in place while the daemon runs does no harm")
    func overwritten() throws {
        let daemon = try RunningDaemon(with: ["toolbox"])
        let peer = try daemon.connect()
        try peer.send("hold")
        #expect(daemon.waitForLine { $0.contains("hold begins") } != nil)
        for name in ["libtoolbox.so", "libEcho.so", "libCount.so"] {
            let file = try FileHandle(forWritingTo: URL(filePath: daemon.folder.library(name)))
            let size = try file.seekToEnd()
            try file.seek(toOffset: 0)
            try file.write(contentsOf: Data(repeating: 0, count: Int(size)))
            try file.truncate(atOffset: 0)
        }
        #expect(try daemon.ask("echo on") == Reply("on\n"))
        #expect(try daemon.ask("count", input: "x").output.hasSuffix("1\n"))
        #expect(try daemon.ask("big 100000").output.count == 100_000)
        peer.hangUp()
        #expect(daemon.waitForLine { $0.contains("hold cancelled") } != nil)
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("A handler is told who calls, on every kind of socket")
    func callers() throws {
        let folder = try DaemonFolder()
        try folder.build("toolbox")
        let daemon = try RunningDaemon(
            DaemonConfiguration(
                listen: [
                    #"{ "unix": "socket" }"#, #"{ "tcp": "127.0.0.1:0" }"#, #"{ "unixDatagram": "datagrams" }"#,
                    #"{ "udp": "127.0.0.1:0" }"#,
                ], plugins: ["toolbox"]), in: folder)
        #expect(try daemon.ask("caller") == Reply("1 \(getuid()) uid \(getuid()) pid \(getpid())\n"))
        #expect(try RawPeer(tcp: daemon.port(of: "tcp")).ask("caller").output.hasPrefix("2 4294967295 127.0.0.1:"))
        let datagrams = try RawPeer(unixDatagram: folder.file("datagrams"), own: folder.file("own"))
        try datagrams.send("caller")
        #expect(try datagrams.receiveDatagram() == Reply("3 4294967295 \(folder.file("own"))\n"))
        let udp = try RawPeer(udp: daemon.port(of: "udp"))
        try udp.send("caller")
        #expect(try udp.receiveDatagram().output.hasPrefix("4 4294967295 127.0.0.1:"))
    }

    @Test("A plugin is handed its options, and is told when the daemon has ended its last call")
    func lifetimes() throws {
        let folder = try DaemonFolder()
        try folder.build("lifetimes")
        let daemon = try RunningDaemon(
            DaemonConfiguration(plugins: [#"{ "library": "liblifetimes.so", "options": { "b": [1, 2.5], "a": "é" } }"#]
            ),
            in: folder)
        #expect(try daemon.ask("alive").output.contains(#"{"a":"é","b":[1,2.5]}"#))
        #expect(daemon.log.contains { $0.contains("created") })
        #expect(try daemon.stop().errorText.contains("destroyed"))
    }

    @Test("A plugin for a later minor version of the ABI is served")
    func newerMinor() throws {
        let folder = try DaemonFolder()
        try folder.build("newer_minor")
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: ["newer_minor"]), in: folder)
        #expect(try daemon.ask("newer").errors == "")
        #expect(try folder.runDaemon("--check").status == .exited(0))
    }

    @Test("A handler may finish before it says later, from a thread of its own, or from the pool")
    func later() throws {
        let folder = try DaemonFolder()
        try folder.build("later")
        let daemon = try RunningDaemon(DaemonConfiguration(plugins: ["later"], level: "info"), in: folder)
        let peer = try daemon.connect()
        for command in ["later", "later-at-once", "later-pool"] {
            #expect(try peer.ask("\(command) 3").errors == "", "\(command)")
            #expect(
                daemon.waitForLine { $0.contains("command=\(command) ") && $0.contains("status=3") } != nil,
                "\(command)")
        }
    }
}
