/// The words after `fastdaemond`.
public struct DaemonOptions: Equatable, Sendable {
    /// What is to be done.
    public enum Action: Sendable {
        case serve
        case check
        case help
        case version
    }

    /// What is to be done.
    public var action = Action.serve

    /// The config file; nil where it is to be looked for.
    public var configuration: String?

    /// What is wrong with the words.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        case unknown(String)
        case lacksFile
        case surplus(String)

        /// In words, for people.
        public var description: String {
            switch self {
            case .unknown(let word):
                "there is no option \(word)\(NearNames.question(NearNames.near(word, among: DaemonOptions.names)))"
            case .lacksFile: "--config wants a file"
            case .surplus(let word): "nothing can be done with the word \"\(word)\""
            }
        }
    }

    private static let names = ["--config", "--check", "--version", "--help"]

    /// Reads the words.
    public init(_ words: [String]) throws(Problem) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--config", "-c":
                guard let file = rest.popFirst(), !file.isEmpty else { throw .lacksFile }
                configuration = file
            case _ where word.hasPrefix("--config="):
                configuration = String(word.dropFirst("--config=".count))
                if configuration == "" { throw .lacksFile }
            case "--check": if action == .serve { action = .check }
            case "--help", "-h": action = .help
            case "--version": if action != .help { action = .version }
            case _ where word.hasPrefix("-"): throw .unknown(word)
            default: throw .surplus(word)
            }
        }
    }

    /// What `--help` prints.
    public static let help = """
        usage: fastdaemond [--config FILE] [--check] [--version] [--help]

        Loads the plugins that its config lists, and answers fastdaemon_client in the foreground.

          --config FILE  the config; left out, the first of these that is there:
                         $FASTDAEMON_CONFIG (alone, if it is set), config/fastdaemon.json here,
                         $XDG_CONFIG_HOME/fastdaemon/fastdaemon.json, /etc/fastdaemon/fastdaemon.json
          --check        loads everything, prints what would be served, and exits: 0 good, 78 not
          --version      prints the version
          --help         prints this

        SIGTERM or SIGINT stops it after what runs has ended; a second one stops it at once.
        SIGHUP has it read its config again; SIGUSR2 starts the program anew in its place.
        Exit statuses: 0 stopped, 1 stopped and had to drop calls, 64 these words are wrong,
        69 it cannot listen, 78 the config is wrong, 128+N a second signal N.

        fastdaemond(8), fastdaemon.json(5), fastdaemon_client(1)

        """
}
