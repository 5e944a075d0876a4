/// What one run is asked to do.
struct Options: Sendable, Equatable {
    /// The address as it stands on the command line: an integer is a port, anything else the path of a Unix socket.
    enum Port: Sendable, Equatable {
        case number(UInt16)
        case unix(String)
    }

    enum Length: Sendable, Equatable {
        case requests(Int)
        case seconds(Double)
    }

    /// What is spoken there.
    enum Wire: String, CaseIterable, Sendable {
        case record, redis, http, memcached, fastcgi, raw

        /// What is asked for where the command line names no command.
        var defaultWords: [String] {
            switch self {
            case .record, .redis: ["echo"]
            case .http: ["/"]
            case .memcached: ["get", "fastdaemon_bench"]
            case .fastcgi, .raw: []
            }
        }

        /// Whether there is something to send back without a command.
        var isEcho: Bool { self != .http && self != .memcached }
    }

    var port = Port.number(0)
    var wire = Wire.record
    /// The command and its arguments.
    var words = Wire.record.defaultWords
    var host: String?
    var isDatagram = false
    var isClassic = false

    var connections = 50
    /// Requests that are sent on a connection before the first of them is answered.
    var pipeline = 1
    /// Whether each request has a connection of its own.
    var reconnects = false
    var idleConnections = 0
    /// Standard input of each request; nil is the default of the command.
    var payload: Int?

    var length = Length.seconds(5)
    /// Requests a second of the open loop; nil is the closed loop.
    var rate: Double?
    var warmupPercent = 10
    /// Seconds within which a reply must come.
    var timeout = 5.0

    var processID: Int32?
    var isJSON = false
    /// No progress, and one line of result where that is not JSON.
    var isQuiet = false

    /// Whether the content of each reply is compared.
    var isVerified = false

    /// Bytes of standard input: without a command there must be something for `echo` to send back.
    var payloadBytes: Int { payload ?? (wire.isEcho && words == wire.defaultWords ? 16 : 0) }

    /// The payload of each request.
    var input: [UInt8] { [UInt8](repeating: UInt8(ascii: "x"), count: payloadBytes) }

    /// What an echo answers, where replies are verified: the words behind a record's command, and else the payload.
    var expectedContent: [UInt8]? {
        guard isVerified else { return nil }
        guard wire == .record, words.count > 1 else { return input }
        return Array("\(words.dropFirst().joined(separator: " "))\n".utf8)
    }
}

/// The program's own words are off; in words.
struct UsageError: Error, Equatable {
    let reason: String
}
