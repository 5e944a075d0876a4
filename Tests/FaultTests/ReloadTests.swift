import Foundation
import TestSupport
import Testing

/// A config and libraries that change, for better and for worse, while they are used.
@Suite("Faults: change while running", .serialized, .ownThread, .timeLimit(.minutes(10))) struct ReloadTests {
    private static let questions = [
        Load.Question.echo, Load.Question("wait 0", reply: "waited 0\n"),
        Load.Question("count -l", input: "one\ntwo\n", reply: "2\n"),
    ]

    /// The handlers that ship, in the daemon or in worker processes, each of which is replaced after some calls.
    private static func configuration(inWorkers: Bool) -> DaemonConfiguration {
        guard inWorkers else { return DaemonConfiguration() }
        return DaemonConfiguration(
            plugins: ["Echo", "Wait", "Count"].map {
                #"{ "library": "lib\#($0).so", "execution": "process", "callsPerWorker": 50 }"#
            })
    }

    private func load(on daemon: RunningDaemon, clients: Int = 3) -> Load {
        Load(of: Self.questions, clients: clients, callsPerConnection: 50) { try daemon.connect() }
    }

    @Test(
        "A library overwritten, truncated and replaced while it is called: no failed call, nor where workers are replaced meanwhile",
        arguments: [false, true])
    func changedLibraries(isInWorker: Bool) throws {
        let daemon = try RunningDaemon(Self.configuration(inWorkers: isInWorker))
        let load = load(on: daemon)
        let names = ["libEcho.so", "libWait.so", "libCount.so"]
        let whole = try names.map { try daemon.folder.bytes(of: $0) }
        var refused = 0
        for round in 0..<4 {
            for (name, bytes) in zip(names, whole) {
                let path = daemon.folder.library(name)
                switch round {
                case 0:
                    // In place, and of the same length.
                    let file = try FileHandle(forUpdating: URL(filePath: path))
                    try file.write(contentsOf: Data(repeating: 0xCC, count: bytes.count))
                    try file.close()
                case 1: truncate(path, 0)
                case 2: truncate(path, bytes.count / 20)
                default: unlink(path)
                }
                if try !daemon.reload().isTakenUp { refused += 1 }
                // Each worker of each plugin has had its calls, and the next one has been started, whatever the file is now.
                if isInWorker { try load.waitForCalls(load.calls + 400) }
                try daemon.folder.replace(name, with: bytes + Data([UInt8(round)]))
                #expect(try daemon.reload().isTakenUp)
            }
        }
        let tally = load.stop()
        print(
            "changed libraries\(isInWorker ? ", in workers" : ""): \(tally.calls) calls, \(tally.failed) failed; \(refused) of 12 broken ones refused"
        )
        #expect(tally.failures == [])
        #expect(refused == 12)
        #expect(tally.calls > 1000)
        #expect(!daemon.log.contains { $0.contains("error: worker process") })
        #expect(try daemon.stop().status == .exited(0))
    }

    @Test("Broken and hanging new versions, on reload: the old one serves on, 100 %", arguments: [false, true])
    func brokenVersions(isInWorker: Bool) throws {
        let daemon = try RunningDaemon(Self.configuration(inWorkers: isInWorker))
        let load = load(on: daemon)
        let good = try daemon.folder.bytes(of: "libEcho.so")
        let commands = try daemon.commands()
        for name in [
            "wrong_major", "too_small", "no_entry", "no_commands", "failing_create", "failing_silently",
            "failing_commands", "failing_self_test", "bad_name", "refusing", "hanging_create",
        ] {
            try daemon.folder.build(name)
            try daemon.folder.replace("libEcho.so", with: daemon.folder.bytes(of: "lib\(name).so"))
            #expect(try !daemon.reload().isTakenUp, "\(name)")
            #expect(daemon.generation == 1)
            #expect(try daemon.commands() == commands)
        }
        try daemon.folder.replace("libEcho.so", with: good + Data([1]))
        #expect(try daemon.reload().isTakenUp)
        let tally = load.stop()
        print("broken versions\(isInWorker ? ", in workers" : ""): \(tally.calls) calls, \(tally.failed) failed")
        #expect(tally.failures == [])
        #expect(tally.calls > 1000)
        #expect(try daemon.ask("echo on") == Reply("on\n"))
    }

    @Test("50 reloads under load, within 60 s: none failed of at least 100,000 calls")
    func manyReloads() throws {
        let daemon = try RunningDaemon(program: ReleaseBuild.path("fastdaemond"))
        // What every reload may leave behind: a copy of each library that was new.
        let whole = try daemon.folder.bytes(of: "libEcho.so")
        let load = load(on: daemon)
        let watch = PauselessStopwatch()
        for reload in 1...50 {
            try change(daemon.folder, round: reload, echo: whole)
            #expect(try daemon.reload().isTakenUp)
            #expect(daemon.generation == reload + 1)
            // They are spread over the calls.
            try load.waitForCalls(2000 * reload)
        }
        let seconds = watch.seconds
        let tally = load.stop()
        print(
            "reloads: 50 in \(String(format: "%.1f", seconds)) s, \(tally.calls) calls, \(tally.failed) failed, "
                + "p99 \(microseconds(tally.quantile(0.99))), longest \(milliseconds(tally.quantile(1)))")
        #expect(tally.failures == [])
        #expect(tally.calls >= 100_000)
        #expect(seconds < 60)
        #expect(try daemon.stop().status == .exited(0))
    }

    /// What an administrator may change: a library, a plugin's options, a limit, a listener, the commands.
    private func change(_ folder: DaemonFolder, round: Int, echo: Data) throws {
        var configuration = DaemonConfiguration(
            plugins: ["Echo", #"{ "library": "libWait.so", "execution": "process" }"#, "Count"],
            limits: ["waitingPerPlugin": Double(60 + round)])
        if round % 2 == 0 { configuration.listen.append(#"{ "unix": "second" }"#) }
        if round % 3 == 0 {
            configuration.plugins[1] =
                #"{ "library": "libWait.so", "execution": "process", "workers": \#(1 + round % 4) }"#
        }
        if round % 4 == 0 {
            configuration.plugins[2] = #"{ "library": "libCount.so", "options": {}, "commands": { "count": "count" } }"#
        }
        if round % 5 == 0 { try folder.replace("libEcho.so", with: echo + Data(repeating: 0, count: round)) }
        try folder.write(configuration.text)
    }

    @Test("200 mutated configs on reload: no exit, and nothing half applied")
    func mutatedConfigurations() throws {
        let good = DaemonConfiguration(
            listen: [#"{ "unix": "socket", "mode": "0600" }"#, #"{ "unixDatagram": "datagrams" }"#],
            plugins: [
                #"{ "library": "libEcho.so", "options": {}, "commands": { "echo": "echo" } }"#,
                #"{ "library": "libWait.so", "execution": "process", "workers": 1, "callsPerWorker": 1000000 }"#,
                "Count",
            ],
            limits: ["recordBytes": 100_000, "idleSeconds": 30, "commands": 20, "commandsPerPlugin": 12])
        let daemon = try RunningDaemon(good)
        let load = load(on: daemon, clients: 1)
        let (commands, files, limits) = (try daemon.commands(), try daemon.files(), try daemon.limits())
        var random = SeededGenerator(seed: 4)
        var refused = 0
        var isRenewed = false
        for round in 0..<200 {
            var bytes = Array(good.text.utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) { mutate(&bytes, &random) }
            let (before, workers) = (daemon.generation, daemon.children)
            try daemon.folder.write(Data(bytes))
            let text = "round \(round): \(String(decoding: bytes, as: UTF8.self))"
            let isTakenUp = try daemon.reload().isTakenUp
            if isTakenUp {
                #expect(daemon.generation == before + 1, "\(text)")
            } else {
                refused += 1
                #expect(daemon.generation == before, "\(text)")
                #expect(try daemon.commands() == commands, "\(text)")
                #expect(try daemon.files() == files, "\(text)")
                #expect(try daemon.limits() == limits, "\(text)")
                // Those of what was refused may still be ending. The good config may have begun to renew those of one taken up.
                try daemon.wait(until: "the workers are those that were, \(text)") {
                    isRenewed ? daemon.children.count == 1 : daemon.children == workers
                }
            }
            isRenewed = isTakenUp
            #expect(try daemon.reload(good).isTakenUp)
            #expect(try daemon.commands() == commands, "after \(text)")
            #expect(try daemon.files() == files, "after \(text)")
            #expect(try daemon.limits() == limits, "after \(text)")
            try daemon.wait(until: "there is one worker, after \(text)") { daemon.children.count == 1 }
        }
        let tally = load.stop()
        print(
            "mutated configs: \(refused) were refused; \(tally.calls) calls, \(tally.failed) failed \(tally.failures)")
        #expect(refused > 50)
        #expect(daemon.isAlive)
        #expect(try daemon.stop().status == .exited(0))
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let alphabet = Array("{}[]\",:0123456789.-eE+xtrufalsn\\\u{0}\n é".utf8)
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, at + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[at] = alphabet.randomElement(using: &random)!
        case 1: bytes.insert(alphabet.randomElement(using: &random)!, at: at)
        case 2: bytes.removeSubrange(at..<end)
        case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
        case 4: bytes.removeSubrange(at...)
        default:
            // A number becomes another one.
            guard let digit = bytes[at...].firstIndex(where: { (48...57).contains($0) }) else { return }
            bytes.insert(
                contentsOf: ["1", "2", "9", "-", "1e", "99999999999999999999"].randomElement(using: &random)!.utf8,
                at: digit
            )
        }
        if bytes.isEmpty { bytes = [0x20] }
    }
}

extension RunningDaemon {
    /// What is in its folder, sockets above all, and who may use it. Locks stay where they are.
    fileprivate func files() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try names.filter { !$0.contains("lock") }.sorted().map { name in
            let facts = try FileManager.default.attributesOfItem(atPath: folder.file(name))
            return "\(name) \(facts[.posixPermissions] ?? "of no mode")"
        }
    }
}
