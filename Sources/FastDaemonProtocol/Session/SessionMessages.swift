/// What each side says of itself first.
public struct SessionHello: Equatable, Sendable {
    /// The version that these sources speak.
    public static let version: (major: UInt8, minor: UInt8) = (1, 0)

    /// The version that the sender speaks: what has another major one is another protocol.
    public var major: UInt8

    /// A later minor version adds to an earlier one.
    public var minor: UInt8

    /// A bit for each thing beyond version 1.0 that the sender can do. None is defined yet.
    public var capabilities: UInt32

    /// How many bytes of output a client takes before it gives more credit. A server's is 0.
    public var window: UInt32

    /// A hello of this version, unless another is given.
    public init(
        major: UInt8 = version.major, minor: UInt8 = version.minor, capabilities: UInt32 = 0, window: UInt32 = 0
    ) {
        self.major = major
        self.minor = minor
        self.capabilities = capabilities
        self.window = window
    }
}

/// Which of the caller's streams are terminals, and how large that terminal is.
public struct SessionTerminals: Equatable, Sendable {
    /// Bit 0: standard input; bit 1: standard output; bit 2: standard error.
    public var streams: UInt8

    /// The width in characters; 0 where it is not known.
    public var columns: UInt16

    /// The height in characters; 0 where it is not known.
    public var rows: UInt16

    /// Of streams, as bits, and a size.
    public init(streams: UInt8, columns: UInt16, rows: UInt16) {
        self.streams = streams
        self.columns = columns
        self.rows = rows
    }

    /// Whether the stream of that number, 0 to 2, is a terminal.
    public func isTerminal(_ stream: Int) -> Bool { streams >> UInt8(stream) & 1 == 1 }
}

/// A signal that the caller sends.
public struct SessionSignal: Equatable, Sendable {
    /// SIGHUP. This and the other numbers are Linux's on every system.
    public static let hangUp: UInt8 = 1

    /// SIGINT: Ctrl-C.
    public static let interrupt: UInt8 = 2

    /// SIGQUIT.
    public static let quit: UInt8 = 3

    /// SIGTERM.
    public static let terminate: UInt8 = 15

    /// SIGWINCH: the terminal has another size.
    public static let windowChange: UInt8 = 28

    /// Which signal.
    public var number: UInt8

    /// The terminal's new width, where the number is `windowChange`.
    public var columns: UInt16

    /// The terminal's new height, likewise.
    public var rows: UInt16

    /// A signal, with the size that `windowChange` brings.
    public init(_ number: UInt8, columns: UInt16 = 0, rows: UInt16 = 0) {
        self.number = number
        self.columns = columns
        self.rows = rows
    }

    /// Whether it asks the command to stop.
    public var cancels: Bool {
        switch number {
        case Self.hangUp, Self.interrupt, Self.quit, Self.terminate: true
        default: false
        }
    }
}

/// How the server ended a session.
public struct SessionVerdict: RawRepresentable, Equatable, Sendable {
    /// The number that stands in END.
    public let rawValue: UInt8

    /// Any verdict, also one that is not known.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The command ran and ended.
    public static let completed = SessionVerdict(rawValue: 0)
    /// There is no such command.
    public static let noCommand = SessionVerdict(rawValue: 1)
    /// The server is at a limit.
    public static let busy = SessionVerdict(rawValue: 2)
    /// The caller's time, or the server's limit on time, has passed.
    public static let timedOut = SessionVerdict(rawValue: 3)
    /// The process that ran the command was ended by a signal.
    public static let crashed = SessionVerdict(rawValue: 4)
    /// The server is going down.
    public static let shuttingDown = SessionVerdict(rawValue: 5)
    /// The client broke a rule of the protocol.
    public static let violation = SessionVerdict(rawValue: 6)
    /// The request, or input that has to be there as a whole, is too long.
    public static let tooLarge = SessionVerdict(rawValue: 7)
    /// The server does not speak the client's version.
    public static let unsupported = SessionVerdict(rawValue: 8)
    /// The server may not run it for this caller, or cannot enter its directory.
    public static let refused = SessionVerdict(rawValue: 9)

    /// The exit status that goes with the verdict; nil where the command's end decides.
    public var exitStatus: UInt8? {
        switch self {
        case .noCommand: 127
        case .busy, .shuttingDown: 75
        case .timedOut: 124
        case .violation, .unsupported: 76
        case .tooLarge: 64
        case .refused: 77
        default: nil
        }
    }
}

/// The last frame of a session, its text left out.
public struct SessionEnd: Equatable, Sendable {
    /// How the server ended the session.
    public var verdict: SessionVerdict

    /// The client's exit status.
    public var status: UInt8

    /// The call's number in the server's log; 0 where there is none.
    public var call: UInt64

    /// An end.
    public init(_ verdict: SessionVerdict, status: UInt8, call: UInt64) {
        self.verdict = verdict
        self.status = status
        self.call = call
    }
}
