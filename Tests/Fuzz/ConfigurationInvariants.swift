// Compiled together with Sources/FastDaemonServer/Configuration.

/// Checks what holds for a config file of any bytes: it is read the same way twice; every problem is one line that people can
/// read; and what is accepted keeps to the ranges.
func brokenConfigurationInvariant(of bytes: [UInt8]) -> String? {
    let (first, second) = (Outcome(of: bytes), Outcome(of: bytes))
    if first != second { return "read twice, it is two things:\n\(first)\n\(second)" }
    switch first {
    case .refused(let problems):
        if problems.isEmpty { return "it is refused without a reason" }
        for problem in problems where problem.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            return "a problem is more than a line of text: \(problem.debugDescription)"
        }
    case .accepted(let configuration):
        return brokenRange(of: configuration)
    }
    return nil
}

/// What became of the bytes of a config file.
private enum Outcome: Equatable {
    case accepted(Configuration)
    case refused([String])

    init(of bytes: [UInt8]) {
        do throws(ConfigurationError) {
            self = .accepted(try Configuration(parsing: bytes, of: "/srv/fastdaemon/config.json"))
        } catch {
            self = .refused(error.problems)
        }
    }

    static func == (one: Outcome, other: Outcome) -> Bool {
        switch (one, other) {
        case (.refused(let one), .refused(let other)): one == other
        // Dictionaries and sets are printed in the order that they happen to have.
        case (.accepted(let one), .accepted(let other)): "\(one)".count == "\(other)".count
        default: false
        }
    }
}

private func brokenRange(of configuration: Configuration) -> String? {
    if configuration.listeners.isEmpty { return "it listens nowhere" }
    if !configuration.pluginDirectory.hasPrefix("/") { return "the plugin folder is a relative path" }
    for (key, path, range) in Limits.integers where !range.contains(configuration.limits[keyPath: path]) {
        return "limits.\(key) is out of its range"
    }
    for (key, path, range) in Limits.seconds where !range.contains(configuration.limits[keyPath: path]) {
        return "limits.\(key) is out of its range"
    }
    for listener in configuration.listeners {
        if listener.mode > 0o777 { return "a listener has the mode \(listener.mode)" }
        if listener.address.isUnix, !"\(listener.address)".hasPrefix("/") { return "a socket has a relative path" }
    }
    for plugin in configuration.plugins where plugin.library.isEmpty || plugin.library.utf8.contains(0) {
        return "a library has no name, or an odd one"
    }
    return nil
}
