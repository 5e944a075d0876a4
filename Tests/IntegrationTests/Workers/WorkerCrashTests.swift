import Foundation
import TestSupport
import Testing

@Suite("Worker processes that crash", .ownThread, .timeLimit(.minutes(2))) struct WorkerCrashTests {
    @Test(
        "A crash is told with plugin, command and signal, and the next call is served",
        arguments: [
            ("segv", 139, "was killed by SIGSEGV"), ("abort", 134, "was killed by SIGABRT"),
            ("kill", 137, "was killed by SIGKILL"), ("stack", 139, "was killed by SIGSEGV"),
            ("throw", 134, "was killed by SIGABRT"), ("exit", 70, "called exit(3)"), ("quit", 70, "called exit(4)"),
        ] as [(String, UInt8, String)])
    func ways(way: String, status: UInt8, text: String) throws {
        try check(way, status, text)
    }

    @Test(
        "One that gives up for want of memory, which has a ceiling, is told likewise",
        .enabled(if: !isSanitized, "no ceiling leaves the sanitizer the memory that it needs"))
    func memory() throws {
        try check("memory", 134, "was killed by SIGABRT", ["workerMemoryBytes": Double(128 << 20)])
    }

    private func check(_ way: String, _ status: UInt8, _ text: String, _ limits: [String: Double] = [:]) throws {
        let daemon = try RunningDaemon(workers: ["crashing"], DaemonConfiguration(limits: limits))
        let before = try daemon.ask("where").output
        let end = try daemon.run("crash", way).end
        #expect(end.verdict == .crashed)
        #expect(end.status == status)
        #expect(end.text == "crashing: crash: its worker process \(text)")
        #expect(try daemon.run("where").end.status == 0)
        #expect(
            try daemon.ask("crash \(way)")
                == Reply("", errors: "fastdaemond: crashing: crash: its worker process \(text)\n"))
        let after = try daemon.ask("where").output
        #expect(after != before && !after.isEmpty)
        #expect(daemon.waitForLine { $0.contains("worker process") && $0.contains("\(text) in crash") } != nil)
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test(
        "What the handler wrote before comes first", arguments: ["segv", "abort", "trap", "stack", "exit"])
    func lastWords(way: String) throws {
        let daemon = try RunningDaemon(workers: ["crashing"], entry: #""workers": 1"#)
        let peer = try daemon.connect()
        for round in 0..<10 {
            let outcome = try daemon.run("crash", way, "a word\n")
            #expect(outcome.outputText == "a word\n", "\(round)")
            #expect(outcome.end.verdict == .crashed)
            // An answer of its own: one that did nothing but crash would be quarantined.
            #expect(try peer.ask("crash none fine") == Reply("fine"))
            let reply = try peer.ask("crash \(way) 'a word\n'")
            #expect(reply.output == "a word\n", "\(round)")
            #expect(reply.errors == "fastdaemond: \(outcome.end.text)\n")
            #expect(try peer.ask("crash none fine") == Reply("fine"))
        }
    }

    @Test("So does more than the caller takes at once")
    func muchOutput() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let words = ["crash", "segv", "0123456789abcdef", "12000"]
        let text = String(repeating: "0123456789abcdef", count: 12_000)
        let outcome = try daemon.session(RawRequest(words: words.map { Array($0.utf8) }).with(\.window, 1000)).finish()
        #expect(outcome.outputText == text)
        #expect(outcome.end.verdict == .crashed && outcome.end.status == 139)
        let reply = try daemon.ask(words.joined(separator: " "))
        #expect(reply.output == text)
        #expect(reply.errors == "fastdaemond: \(outcome.end.text)\n")
    }

    @Test("An illegal instruction, as a Swift trap is, is told as its signal")
    func trap() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let end = try daemon.run("crash", "trap").end
        #expect(end.verdict == .crashed)
        #expect([132, 133].contains(end.status), "the processor's own signal")
    }

    @Test("A C++ exception that nobody catches is told as its signal", .enabled(if: Compiler.cPlusPlus != nil))
    func exception() throws {
        let folder = try DaemonFolder()
        let source = folder.file("throwing.cc")
        try #"""
        #include <stdexcept>
        #include "fastdaemon_plugin.h"
        static int32_t run(const fastdaemon_host *, fastdaemon_call *, void *) { throw std::runtime_error("oh"); }
        static int32_t create(const fastdaemon_plugin *, const fastdaemon_host *, fastdaemon_instance *,
                              fastdaemon_bytes, void **) { return 0; }
        static int32_t commands(void *, const fastdaemon_command *const **list, size_t *count) {
            static fastdaemon_command command;
            static const fastdaemon_command *all[] = {&command};
            command.size = sizeof command;
            command.name = "throw";
            command.run = run;
            *list = all;
            *count = 1;
            return 0;
        }
        extern "C" FASTDAEMON_EXPORT const fastdaemon_plugin *fastdaemon_plugin_entry(uint32_t) {
            static fastdaemon_plugin plugin;
            plugin.abi_version = FASTDAEMON_ABI_VERSION;
            plugin.size = sizeof plugin;
            plugin.name = "throwing";
            plugin.version = "1";
            plugin.create = create;
            plugin.commands = commands;
            return &plugin;
        }
        """#.write(toFile: source, atomically: false, encoding: .utf8)
        let library = folder.library("libthrowing.so")
        try Compiler.cPlusPlus!.run(["-shared", "-fPIC", "-I", Compiler.headerFolder, "-o", library, source])
        chmod(library, 0o755)
        let configuration = DaemonConfiguration(
            plugins: [#"{ "library": "libthrowing.so", "execution": "process" }"#])
        let daemon = try RunningDaemon(configuration, in: folder)
        let end = try daemon.run("throw").end
        #expect(end.description.contains("crashed, status 134"))
        #expect(end.text == "throwing: throw: its worker process was killed by SIGABRT")
    }

    @Test("A crash costs the calls in its worker, and those in others go on")
    func others() throws {
        let daemon = try RunningDaemon(workers: ["crashing", "session_tools"])
        let gate = try Gate(of: daemon)
        let other = try daemon.session(RawRequest("deaf", gate.path))
        try other.receive(text: "at the gate\n")
        let staying = try daemon.session(RawRequest("stay"))
        let worker =
            Int32(
                String(decoding: try staying.receiveOutputOrPull(), as: UTF8.self).dropLast()) ?? 0
        #expect(daemon.workerProcesses.contains(worker))
        #expect(try daemon.run("crash", "segv").end.verdict == .crashed, "in the other worker of its plugin")
        kill(worker, SIGBUS)
        let end = try staying.receiveEnd()
        #expect(end.text == "crashing: stay: its worker process was killed by SIGBUS")
        try gate.open()
        #expect(try other.finish().summary == "deaf is done\n||completed 0")
    }

    @Test("What handlers started ends with their worker")
    func subprocesses() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let peer = try daemon.session(RawRequest("parent"))
        let child = try #require(Int32(String(decoding: try peer.receiveOutputOrPull(), as: UTF8.self).dropLast()))
        let worker = getpgid(child)
        #expect(daemon.workerProcesses.contains(worker))
        kill(worker, SIGSEGV)
        #expect(try peer.receiveEnd().status == 139)
        try daemon.wait(until: "the child has ended") { !isAlive(child) }
    }

    @Test("Workers, and what their handlers started, end with a daemon that is killed; the next one serves")
    func daemonKilled() throws {
        let daemon = try RunningDaemon(workers: ["crashing", "session_tools"])
        let session = try daemon.session(RawRequest("parent"))
        let child = try #require(Int32(String(decoding: try session.receiveOutputOrPull(), as: UTF8.self).dropLast()))
        let workers = daemon.workerProcesses
        #expect(workers.count == 4)
        daemon.send(SIGKILL)
        _ = try daemon.wait()
        let watch = PauselessStopwatch()
        try daemon.wait(until: "no worker is left") { !(workers + [child]).contains(where: isAlive) }
        #expect(watch.seconds < 1, "\(watch.seconds) s")
        let next = try RunningDaemon(in: daemon.folder)
        #expect(try next.ask("where").errors == "")
    }

    @Test("A handler that always crashes is soon refused at once, and starts few workers")
    func quarantine() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let peer = try daemon.connect()
        let watch = Stopwatch()
        var refusals = 0
        var reply = Reply("")
        while refusals == 0, watch.seconds < 30 {
            reply = try peer.ask("crash")
            if reply.errors.contains("quarantined") { refusals += 1 }
        }
        #expect(
            reply.errors.contains(
                "crash: quarantined, because its worker processes crash again and again: the last was killed by SIGSEGV in "
                    + "crash; the next try is in "))
        let end = try daemon.run("where").end
        #expect(end.verdict == .busy && end.status == 75)
        // In turn, so that whatever else the machine does slows both down.
        var (refused, answered): ([Double], [Double]) = ([], [])
        for _ in 0..<1000 {
            let refusal = Stopwatch()
            #expect(try peer.ask("crash").errors.contains("quarantined"))
            refused.append(refusal.seconds)
            let answer = Stopwatch()
            #expect(try peer.ask("echo on") == Reply("on\n"))
            answered.append(answer.seconds)
        }
        let (refusal, answer) = (refused.sorted()[500], answered.sorted()[500])
        #expect(refusal < 0.001, "\(refusal) s")
        #expect(refusal < 3 * answer, "\(refusal) s, and \(answer) s for an echo")
        let crashes = daemon.log.filter { $0.contains("worker process") }.count
        #expect(crashes == 5, "and six workers at most were started")
        #expect(try peer.ask("echo on") == Reply("on\n"))
    }

    @Test("A command that always crashes is refused though others of its plugin are answered, and they go on")
    func commandQuarantine() throws {
        let daemon = try RunningDaemon(workers: ["crashing"])
        let peer = try daemon.connect()
        let crash = Reply("", errors: "fastdaemond: crashing: crash: its worker process was killed by SIGSEGV\n")
        for _ in 0..<5 {
            #expect(try peer.ask("crash") == crash)
            #expect(try peer.ask("fine") == Reply("fine\n"))
        }
        for _ in 0..<5 {
            let reply = try peer.ask("crash")
            #expect(reply.errors.contains("crash: quarantined, because its worker processes crash again and again"))
            #expect(reply.errors.contains("was killed by SIGSEGV in crash; the next try is in "))
            #expect(try peer.ask("fine") == Reply("fine\n"))
        }
        let pool = try daemon.status(peer).pools.first { $0.plugin == "crashing" }
        #expect(pool?.crashes == 5 && pool?.quarantine?.hasPrefix("crash: quarantined") == true, "\(pool as Any)")
    }
}
