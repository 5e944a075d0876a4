import Testing

@testable import FastDaemonServer

@Suite("Near names") struct NearNamesTests {
    @Test(
        "have the distance of the changes that make one of the other",
        arguments: [
            ("", "", 0), ("", "abc", 3), ("echo", "echo", 0), ("echo", "ech", 1), ("echo", "eecho", 1),
            ("echo", "etho", 1), ("echo", "ecoh", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
        ])
    func distance(a: String, b: String, distance: Int) {
        #expect(NearNames.distance(Array(a.utf8), Array(b.utf8)) == distance)
        #expect(NearNames.distance(Array(b.utf8), Array(a.utf8)) == distance)
    }

    @Test("are the nearest first, three at most, and none that is far")
    func near() {
        #expect(NearNames.near("ehco", among: ["wait", "count", "echo"]) == ["echo"])
        #expect(
            NearNames.near("stat", among: ["start", "status", "stab", "stat2", "help"]) == ["stab", "start", "stat2"])
        #expect(NearNames.near("xyz", among: ["echo", "wait"]).isEmpty)
    }

    @Test("are those too of which somebody typed two letters or more from the front")
    func beginning() {
        #expect(NearNames.near("da", among: ["daemon", "echo"]) == ["daemon"])
        #expect(NearNames.near("d", among: ["daemon", "echo"]).isEmpty)
    }

    @Test("do not cost time for a very long name")
    func long() {
        #expect(NearNames.near(String(repeating: "a", count: 100_000), among: ["echo"]).isEmpty)
    }

    @Test(
        "are asked for in words",
        arguments: [
            ([], ""), (["echo"], "; did you mean 'echo'?"), (["echo", "etch"], "; did you mean 'echo' or 'etch'?"),
            (["a", "b", "c"], "; did you mean 'a', 'b' or 'c'?"),
        ])
    func question(near: [String], question: String) {
        #expect(NearNames.question(near) == question)
    }
}
