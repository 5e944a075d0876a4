import TestSupport
import Testing

@Suite("The program where nothing answers")
struct RefusalTests {
    @Test("a wrong option is status 64 and one line")
    func usage() throws {
        let outcome = try runBench(["--connections", "none", "9998"])
        #expect(outcome.status == .exited(64))
        #expect(outcome.outputText == "")
        #expect(
            outcome.errorText == "fastdaemon_bench: --connections takes an integer from 1 to 1000000, not 'none';"
                + " 'fastdaemon_bench -h' shows how it is called\n")
    }

    @Test("no daemon is status 69 and one line")
    func unavailable() throws {
        let folder = try TemporaryFolder()
        let outcome = try runBench([folder.file("none.sock")])
        #expect(outcome.status == .exited(69))
        #expect(
            outcome.errorText
                == "fastdaemon_bench: cannot connect to \(folder.file("none.sock")): No such file or directory;"
                + " is the daemon running, and does its config listen here?\n")
    }

    @Test("a path too long for a socket is said to be that")
    func longPath() throws {
        let outcome = try runBench([String(repeating: "x", count: 108)])
        #expect(outcome.status == .exited(69))
        #expect(outcome.errorText.contains("a socket's path has 1 to 107 bytes"))
    }

    @Test("a process that is not there is said to be that")
    func noProcess() throws {
        let folder = try TemporaryFolder()
        let outcome = try runBench(["--pid", "4194304", folder.file("none.sock")])
        #expect(outcome.status == .exited(69))
        #expect(outcome.errorText.contains("cannot see process 4194304 of --pid"))
    }

    @Test("more connections than descriptors is said to be that")
    func tooMany() throws {
        let outcome = try run("/bin/sh", ["-c", "ulimit -n 64; exec \(builtProgram("fastdaemon_bench")) -c 100 9998"])
        #expect(outcome.status == .exited(69))
        #expect(outcome.errorText.contains("100 connections need 116 descriptors, and only 64 are allowed"))
    }

    @Test("a result that cannot be written is status 74")
    func fullDisk() throws {
        let outcome = try run("/bin/sh", ["-c", "exec \(builtProgram("fastdaemon_bench")) --help > /dev/full"])
        #expect(outcome.status == .exited(74))
        #expect(outcome.errorText.contains("cannot write the result to standard output: No space left on device"))
    }

    @Test("help and version are status 0")
    func help() throws {
        let help = try runBench(["--help"])
        #expect(help.status == .exited(0))
        #expect(help.outputText.hasPrefix("usage: fastdaemon_bench [options] port [command [argument ...]]\n"))
        #expect(try runBench(["--version"]).outputText == "fastdaemon_bench 0.1.0\n")
    }
}
