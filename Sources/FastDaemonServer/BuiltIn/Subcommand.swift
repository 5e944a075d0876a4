/// What `daemon WORD` does. Each stands in a file of its own in this folder, and in the table of `DaemonCommand`.
struct Subcommand: Sendable {
    /// What a subcommand may be told.
    enum Option: Sendable {
        /// `--json`: for programs.
        case json

        /// `--watch`, `--watch=SECONDS`: again and again. In a session only.
        case watch

        /// A name, of a command for example, which may be left out.
        case name
    }

    let name: String
    let summary: String
    var options: Set<Option> = []

    /// Whether it changes something, and so is for root and the daemon's own user alone.
    var changes = false

    /// Whether it goes on until its caller has had enough, and so needs a session.
    var streams = false

    let answer: @Sendable (SubcommandWords, ServerCore) -> BuiltInAnswer

    /// Its line in the usage of `daemon`.
    var synopsis: String {
        var text = "daemon \(name)"
        if options.contains(.name) { text += " [NAME]" }
        if options.contains(.json) { text += " [--json]" }
        if options.contains(.watch) { text += " [--watch[=SECONDS]]" }
        return text
    }
}

/// The words behind a subcommand.
struct SubcommandWords: Equatable, Sendable {
    var isJSON = false

    /// How often it is to be told anew, in seconds; nil for once.
    var interval: Double?
    var name: String?

    /// What cannot be understood.
    struct Fault: Error, Equatable {
        let text: String
    }

    init(_ words: some Sequence<String>, for subcommand: Subcommand) throws(Fault) {
        for word in words {
            if word == "--json", subcommand.options.contains(.json) {
                isJSON = true
            } else if word == "--watch", subcommand.options.contains(.watch) {
                interval = 1
            } else if word.hasPrefix("--watch="), subcommand.options.contains(.watch) {
                interval = try Self.seconds(word.dropFirst("--watch=".count))
            } else if !word.hasPrefix("-"), name == nil, subcommand.options.contains(.name) {
                name = word
            } else {
                throw Fault(text: "daemon \(subcommand.name): no option or word '\(word)' is known here")
            }
        }
    }

    private static func seconds(_ text: Substring) throws(Fault) -> Double {
        guard let seconds = Double(text), seconds >= 0.1, seconds <= 86_400 else {
            throw Fault(text: "--watch takes a number of seconds from 0.1 to 86400, and '\(text)' is none")
        }
        return seconds
    }
}
