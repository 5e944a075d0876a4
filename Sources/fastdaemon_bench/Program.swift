import CBench
import Glibc

/// The program behind `main`: words in, exit status out.
enum Program {
    static let version = "0.1.0"

    /// - Parameter arguments: The words of the command line without the program's name.
    /// - Returns: The exit status: 0, or one of `ExitStatus`.
    static func run(_ arguments: [String]) -> Int32 {
        do throws(UsageError) {
            switch try Options.parse(arguments) {
            case .help: return show(Options.help)
            case .version: return show("fastdaemon_bench \(version)\n")
            case .run(let options): return try measure(options)
            }
        } catch {
            complain("\(error.reason); 'fastdaemon_bench -h' shows how it is called")
            return ExitStatus.usage
        }
    }

    private static func measure(_ options: Options) throws(UsageError) -> Int32 {
        switch options.wire {
        case .record: measure(options, codec: try RecordCodec(options))
        case .redis: measure(options, codec: RedisCodec(options))
        case .http: measure(options, codec: HTTPCodec(options))
        case .memcached: measure(options, codec: MemcachedCodec(options))
        case .fastcgi: measure(options, codec: FastCGICodec(options))
        case .raw: measure(options, codec: RawCodec(options))
        }
    }

    /// Each codec has a load loop compiled for it, in which a reply costs no call through a table.
    private static func measure(_ options: Options, codec: some Codec) -> Int32 {
        do throws(ConnectionError) {
            // Before the first connection, so that Ctrl-C finds the run in order at any time.
            let interrupts = cbench_interrupts()
            try FileLimit.raise(for: options.connections + options.idleConnections)
            let endpoint = try Endpoint(options)
            let idle = try IdleConnections(options.idleConnections, to: endpoint, timeout: options.timeout)
            var generator = try LoadGenerator(
                options, endpoint: endpoint, codec: codec, interrupts: interrupts)
            let measurement = generator.run()
            let report = Report(
                options: options, address: endpoint.name, measurement: measurement,
                idle: .init(held: idle.count, closed: idle.closedByPeer))
            let status = show(report.formatted)
            if measurement.ending == .unreachable { return ExitStatus.unavailable }
            return measurement.tally.isAllFailed ? ExitStatus.allFailed : status
        } catch {
            complain(error.reason)
            return ExitStatus.unavailable
        }
    }

    private static func show(_ text: String) -> Int32 {
        let code = Output.write(text, to: STDOUT_FILENO)
        guard code == 0 else {
            complain("cannot write the result to standard output: \(describe(code))")
            return ExitStatus.outputFailed
        }
        return 0
    }

    private static func complain(_ text: String) {
        Output.write("fastdaemon_bench: \(text)\n", to: STDERR_FILENO)
    }
}

/// The exit statuses other than 0, by the names of sysexits(3) where they have one.
enum ExitStatus {
    /// The run came to its end, and not one request was answered with more than an error text.
    static let allFailed: Int32 = 1
    static let usage: Int32 = 64
    /// No daemon there, or no longer.
    static let unavailable: Int32 = 69
    static let outputFailed: Int32 = 74
}

/// The limit on descriptors of this process.
enum FileLimit {
    /// Raises the soft limit as far as the hard one allows.
    ///
    /// - Throws: where that is not enough for so many connections.
    static func raise(for connections: Int) throws(ConnectionError) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let needed = rlim_t(connections + 16)
        guard limit.rlim_max >= needed else {
            throw ConnectionError(
                reason: "\(connections) connections need \(needed) descriptors, and only \(limit.rlim_max) are allowed;"
                    + " raise the limit with 'ulimit -Hn'")
        }
        limit.rlim_cur = max(limit.rlim_cur, needed)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
