import Testing

@testable import FastDaemonServer

@Suite("The routing table") struct RoutingTableTests {
    private static func table(of names: [String]) -> RoutingTable {
        RoutingTable(names.map { Route(builtIn: .help, statistics: CommandStatistics($0, loopCount: 1)) })
    }

    @Test("finds each of 1,000 names, and none that is only near one")
    func thousandNames() {
        let table = Self.table(of: (0..<1000).map { "command-\($0)" })
        for index in 0..<1000 {
            let name = "command-\(index)"
            #expect(table[name]?.name == name)
            for near in ["\(name) ", "\(name)\0", "Command-\(index)", "ommand-\(index)", "command-\(index)-"] {
                #expect(table[near] == nil, "\(near)")
            }
        }
        #expect(table["command-1000"] == nil)
    }

    @Test("tells names apart that differ in one byte, wherever it is and however long they are")
    func oneByte() {
        for length in 1...26 {
            let names = (0...length).map { place -> String in
                String((0..<length).map { $0 == place ? "b" : "a" })
            }
            let table = Self.table(of: names)
            for name in names { #expect(table[name]?.name == name) }
            #expect(table[String(repeating: "c", count: length)] == nil)
        }
    }

    @Test("compares bytes: \u{E9} in one and in two code points are two names")
    func bytes() {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        #expect(composed == decomposed, "for Swift they are the same text")
        let both = Self.table(of: [composed, decomposed])
        #expect(both[composed]?.name.utf8.count == 5)
        #expect(both[decomposed]?.name.utf8.count == 6)
        #expect(Self.table(of: [composed])[decomposed] == nil)
    }

    @Test("finds nothing for an empty name, nor in an empty table")
    func empty() {
        #expect(Self.table(of: ["a"])[""] == nil)
        #expect(Self.table(of: [])["a"] == nil)
    }

    @Test("lists its routes by name")
    func sorted() {
        #expect(Self.table(of: ["b", "c", "a"]).routes.map(\.name) == ["a", "b", "c"])
    }
}
