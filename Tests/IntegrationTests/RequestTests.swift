import TestSupport
import Testing

@Suite(.ownThread, .timeLimit(.minutes(1))) struct RequestTests {
    @Test("A daemon answers, and ends with status 0 when it is told to")
    func answers() throws {
        let daemon = try RunningDaemon()
        #expect(try daemon.ask("echo hello world") == Reply("hello world\n"))
        #expect(try daemon.ask("echo", input: "é\n") == Reply("é\n"))
        #expect(try daemon.ask("count", input: "two words\n") == Reply("      1       2      10\n"))
        #expect(try daemon.stop().status == .exited(0))
    }
}
