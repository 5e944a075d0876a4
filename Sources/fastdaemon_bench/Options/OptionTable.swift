/// One option: how it is written, what the help says of it, what it does.
struct OptionEntry: Sendable {
    /// What an option takes, and what becomes of it.
    enum Effect: Sendable {
        case flag(@Sendable (inout Options) -> Void)
        case integer(ClosedRange<Int>, @Sendable (inout Options, Int) -> Void)
        case number(ClosedRange<Double>, @Sendable (inout Options, Double) -> Void)
        case text(@Sendable (inout Options, String) -> Void)
        case choice([String], @Sendable (inout Options, String) -> Void)
    }

    let names: [String]
    /// What stands for its value in the help; nil where it takes none.
    let value: String?
    let summary: String
    let effect: Effect

    init(_ names: String..., value: String? = nil, help summary: String, _ effect: Effect) {
        (self.names, self.value, self.summary, self.effect) = (names, value, summary, effect)
    }

    func apply(_ text: String, to options: inout Options) throws(UsageError) {
        switch effect {
        case .flag(let set): set(&options)
        case .text(let set): set(&options, text)
        case .choice(let names, let set):
            guard names.contains(text) else {
                throw UsageError(reason: "takes one of \(names.joined(separator: ", ")), not '\(text)'")
            }
            set(&options, text)
        case .integer(let range, let set):
            guard let value = Int(text), range.contains(value) else {
                throw UsageError(
                    reason: "takes an integer from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
            }
            set(&options, value)
        case .number(let range, let set):
            guard let value = Double(text), range.contains(value) else {
                throw UsageError(
                    reason: "takes a number from \(range.lowerBound) to \(Int(range.upperBound)), not '\(text)'")
            }
            set(&options, value)
        }
    }
}

extension OptionEntry {
    /// All options but those that ask for help or the version.
    static let all = load + pace + addressing + protocols + output

    private static let load = [
        OptionEntry(
            "-c", "--connections", value: "N", help: "connections that are busy at once (50)",
            .integer(1...1_000_000) { $0.connections = $1 }),
        OptionEntry(
            "-P", "--pipeline", value: "N", help: "requests under way on each connection (1)",
            .integer(1...100_000) { $0.pipeline = $1 }),
        OptionEntry("--reconnect", help: "a connection of its own for each request", .flag { $0.reconnects = true }),
        OptionEntry(
            "-d", "--payload", value: "BYTES", help: "standard input of each request (0; 16 without a command)",
            .integer(0...(64 << 20)) { $0.payload = $1 }),
        OptionEntry(
            "--idle", value: "N", help: "connections to hold besides, without a request (0)",
            .integer(0...1_000_000) { $0.idleConnections = $1 }),
    ]

    private static let pace = [
        OptionEntry(
            "--duration", value: "SECONDS", help: "how long to count (5)",
            .number(0.001...1_000_000) { $0.length = .seconds($1) }),
        OptionEntry(
            "-n", "--requests", value: "N", help: "how many requests to count, instead of how long",
            .integer(1...1_000_000_000_000) { $0.length = .requests($1) }),
        OptionEntry(
            "-r", "--rate", value: "R", help: "requests a second, whatever the replies do (open loop)",
            .number(0.001...100_000_000) { $0.rate = $1 }),
        OptionEntry(
            "--warmup", value: "PERCENT", help: "how much more to run first and not count (10)",
            .integer(0...1000) { $0.warmupPercent = $1 }),
        OptionEntry(
            "--timeout", value: "SECONDS", help: "how long to wait for a reply (5)",
            .number(0.001...1_000_000) { $0.timeout = $1 }),
    ]

    private static let addressing = [
        OptionEntry(
            "--host", value: "HOST", help: "the machine of an integer port (the loopback address)",
            .text { $0.host = $1 }),
        OptionEntry("--dgram", help: "datagrams: UDP, or a Unix datagram socket", .flag { $0.isDatagram = true }),
        OptionEntry(
            "--pid", value: "PID", help: "the process whose CPU time to show (a Unix socket's own)",
            .integer(1...largestProcess) { $0.processID = Int32($1) }),
    ]

    private static let protocols = [
        OptionEntry(
            "--classic", help: "requests for a listener of the original protocol", .flag { $0.isClassic = true }),
        OptionEntry(
            "--protocol", value: "NAME",
            help: "another server's: \(Options.Wire.allCases.dropFirst().map(\.rawValue).joined(separator: ", "))",
            .choice(Options.Wire.allCases.map(\.rawValue)) { $0.wire = Options.Wire(rawValue: $1) ?? .record }),
        OptionEntry(
            "--verify", help: "fail replies that are not what an echo answers", .flag { $0.isVerified = true }),
    ]

    /// Linux gives no process a larger number (PID_MAX_LIMIT).
    private static let largestProcess = 4 << 20

    private static let output = [
        OptionEntry("--json", help: "print the result as JSON", .flag { $0.isJSON = true }),
        OptionEntry("-q", "--quiet", help: "no progress, and the result in one line", .flag { $0.isQuiet = true }),
    ]
}
