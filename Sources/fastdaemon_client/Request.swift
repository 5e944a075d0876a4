#if !hasFeature(Embedded)
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// A command, and how and where it goes. A class, because each copy of so many values is code.
final class Request {
    /// What is spoken with the daemon.
    enum Form {
        /// A session: exact words, input that is pulled, a status.
        case session
        /// A record: the command line, quoted, then standard input.
        case record
        /// A record of the original of this protocol: standard input, then the words joined by single spaces.
        case classic
    }

    /// What is spoken: a session, unless the options say otherwise. Datagrams carry records.
    var form: Form { chosenForm ?? (isDatagram ? .record : .session) }

    /// The host of a port number; `nil` is the loopback address.
    var host: [UInt8]?

    /// Whether the request is one datagram.
    var isDatagram = false

    /// How long the command may take, in milliseconds; only of a session.
    var timeout: UInt32?

    /// The variables that go along over TCP too, as `--env` names them; only of a session.
    var environmentNames: [[UInt8]] = []

    /// Whether the number of the call is told, with its status and how long it took (`--verbose`); only of a session.
    var isVerbose = false

    /// Where no daemon answers, one is started (`--start`).
    var startsDaemon = false

    /// Where no daemon can be reached, the words are run as a program of this machine (`--or-exec`).
    var runsLocally = false

    /// The number of a port, or the path of a socket.
    var port: [UInt8] = []

    /// The command's name and its arguments.
    var command = [("help" as ByteText).bytes]

    private var chosenForm: Form?

    /// A request that its options are applied to.
    init() {}

    /// The request of a program that is called by the name of a command.
    init(command name: [UInt8], arguments: Arguments, port: [UInt8]?) throws(ClientError) {
        guard let port, !port.isEmpty else {
            throw .usage(
                """
                called as \(name), it finds its daemon by $FASTDAEMON_PORT: set that to the daemon's port number or the \
                path of its socket
                """)
        }
        self.port = port
        command = arguments.all(after: name)
    }

    /// Takes an option, and its value from `rest` where it is not joined to it.
    func apply(_ option: [UInt8], takingValueFrom rest: inout Arguments) throws(ClientError) {
        let equals = option.firstIndex(of: UInt8(ascii: "="))
        var joined = equals.map { Array(option[($0 + 1)...]) }
        func value(_ what: StaticString) throws(ClientError) -> [UInt8] {
            if let value = joined {
                joined = nil
                return value
            }
            guard let value = rest.first else {
                throw .usage("\(option) needs \(what)")
            }
            rest.removeFirst()
            return value
        }
        let name = Array(option[..<(equals ?? option.endIndex)])
        if name == "--host" {
            host = try value("the name or address of a host")
        } else if name == "--timeout" {
            timeout = try Timeout.milliseconds(value("a number of seconds"))
        } else if name == "--env" {
            environmentNames.append(try Self.variableName(value("the name of an environment variable")))
        } else if name == "--record" {
            try choose(.record)
        } else if name == "--classic" {
            try choose(.classic)
        } else if name == "--dgram" {
            isDatagram = true
        } else if name == "--verbose" {
            isVerbose = true
        } else if name == "--start" {
            startsDaemon = true
        } else if name == "--or-exec" {
            runsLocally = true
        } else {
            throw .usage("there is no option \(name)")
        }
        if joined != nil {
            throw .usage("\(name) takes no value")
        }
    }

    private func choose(_ form: Form) throws(ClientError) {
        if let chosenForm, chosenForm != form {
            throw .usage("--record and --classic exclude each other")
        }
        chosenForm = form
    }

    private static func variableName(_ name: [UInt8]) throws(ClientError) -> [UInt8] {
        if name.isEmpty || name.contains(UInt8(ascii: "=")) {
            throw .usage("--env takes the name of an environment variable, and \"\(name)\" is none")
        }
        return name
    }
}

extension Request {
    /// Refuses options that do not go together.
    func checkOptionsTogether() throws(ClientError) {
        guard form != .session else { return }
        let record: StaticString =
            form == .classic ? "--classic sends a record" : isDatagram ? "--dgram sends a record" : "--record sends one"
        if timeout != nil {
            throw .usage("--timeout is for sessions: a record cannot carry a time limit, and \(record)")
        }
        if isVerbose {
            throw .usage("--verbose is for sessions: a record carries neither number nor status, and \(record)")
        }
        if !environmentNames.isEmpty {
            throw .usage("--env is for sessions: a record cannot carry variables, and \(record)")
        }
    }
}
