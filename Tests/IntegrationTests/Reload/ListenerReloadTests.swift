import Foundation
import TestSupport
import Testing

@Suite("Listeners at a reload")
struct ListenerReloadTests {
    @Test("that stay keep their socket, and their connections do not notice")
    func staying() throws {
        let daemon = try RunningDaemon(version: "1")
        let peer = try daemon.connect()
        #expect(try peer.ask("version").output == "version 1\n")
        let before = try inode(of: daemon.folder.file("socket"))
        try daemon.folder.build(version: "2")
        try daemon.reload()
        #expect(try peer.ask("version").output == "version 2\n")
        #expect(try inode(of: daemon.folder.file("socket")) == before)
    }

    @Test("that go accept what has queued up before they close")
    func queue() throws {
        let listen = [#"{ "unix": "socket" }"#, #"{ "unix": "second" }"#]
        var configuration = DaemonConfiguration(listen: listen, plugins: ["Echo", "stuck"], others: ["loops": "1"])
        let daemon = try RunningDaemon(with: ["stuck"], configuration)
        let (loading, stuck) = (try Gate("loading", of: daemon), try Gate("stuck", of: daemon))
        try daemon.folder.replace(FixturePlugin("slow_life"), definitions: [#"GATE="\#(loading.path)""#])
        configuration.listen.removeLast()
        configuration.plugins.append("slow_life")
        try daemon.folder.write(configuration.text)
        daemon.send(SIGHUP)
        try daemon.waitForLog("being created")
        // So that the one loop finds a full queue, and that the listener is to go, at the same moment.
        let caller = try daemon.connect()
        try caller.send("stuck \(stuck.path)")
        try daemon.waitForLog("stuck in process")
        let peers = try (0..<400).map { _ in try daemon.connect("second") }
        for peer in peers { try peer.send("echo waited") }
        try loading.open()
        try daemon.wait(until: "all is loaded") { daemon.isAsleep }
        try stuck.open()
        #expect(try caller.receiveReply() == Reply("free\n"))
        for peer in peers { #expect(try peer.receiveReply() == Reply("waited\n")) }
        #expect(!FileManager.default.fileExists(atPath: daemon.folder.file("second")))
    }

    @Test("come and go, of every kind")
    func comingAndGoing() throws {
        let all = [
            #"{ "unix": "socket" }"#, #"{ "unix": "second" }"#, #"{ "unixDatagram": "datagrams" }"#,
            #"{ "tcp": "127.0.0.1:0" }"#, #"{ "udp": "127.0.0.1:0" }"#,
        ]
        var configuration = DaemonConfiguration(listen: all, plugins: ["Echo"])
        let daemon = try RunningDaemon(configuration)
        let staying = try daemon.connect("second")
        let (tcp, udp) = (try daemon.port(of: "tcp"), try daemon.port(of: "udp"))
        configuration.listen = [all[0]]
        try daemon.reload(configuration)
        for name in ["second", "datagrams"] {
            #expect(!FileManager.default.fileExists(atPath: daemon.folder.file(name)))
        }
        // What had come is answered first, so it takes a moment.
        try daemon.wait(until: "the port is closed") { (try? RawPeer(tcp: tcp).ask("echo gone")) == nil }
        try daemon.wait(until: "the port for datagrams is closed") {
            let peer = try RawPeer(udp: udp)
            // The kernel answers for a port that is closed.
            return (try? peer.send("echo gone")) == nil || (try? peer.receiveDatagram()) == nil
        }
        // A connection outlives its listener.
        #expect(try staying.ask("echo here").output == "here\n")
        configuration.listen = all
        let lines = try daemon.reload(configuration).lines
        #expect(try daemon.connect("second").ask("echo back").output == "back\n")
        #expect(lines.filter { $0.contains("is listened at") }.count == 4)
    }

    @Test("that change their mode, their users or their protocol do so without being closed")
    func changing() throws {
        let daemon = try RunningDaemon(version: "1")
        try daemon.reload(
            DaemonConfiguration(
                listen: [#"{ "unix": "socket", "mode": "0660", "protocol": "classic" }"#], plugins: ["Echo"]))
        let attributes = try FileManager.default.attributesOfItem(atPath: daemon.folder.file("socket"))
        #expect(attributes[.posixPermissions] as? Int == 0o660)
        let peer = try daemon.connect()
        try peer.send(recordBytes("", "echo classic"))
        #expect(try peer.receiveReply() == Reply("classic\n"))
    }

    @Test(
        "that are in the way of new ones are named, instead of some other program",
        arguments: [
            (#"{ "unix": "place" }"#, #"{ "unixDatagram": "place" }"#),
            (#"{ "tcp": "127.0.0.1:0" }"#, #"{ "tcp": "0.0.0.0:PORT", "allowRemote": true }"#),
        ])
    func inTheWay(old: String, new: String) throws {
        let socket = #"{ "unix": "socket" }"#
        let daemon = try RunningDaemon(DaemonConfiguration(listen: [socket, old]))
        let port = old.contains("tcp") ? try daemon.port(of: "tcp") : 0
        let changed = DaemonConfiguration(listen: [socket, new.replacing("PORT", with: "\(port)")])
        let refused = try daemon.reload(changed)
        #expect(!refused.isTakenUp)
        #expect(refused.lines.contains { $0.contains(": this daemon does, as ") }, "\(refused.lines)")
        #expect(try daemon.reload(DaemonConfiguration(listen: [socket])).isTakenUp)
        // What had come is answered first.
        try daemon.wait(until: "the place is free") { try daemon.reload(changed).isTakenUp }
    }

    private func inode(of path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        guard let number = attributes[.systemFileNumber] as? Int else { throw TestFailure("no inode") }
        return number
    }
}
