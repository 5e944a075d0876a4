import Synchronization

/// The statistics of all commands that were ever served, by name. A command that a new config serves again goes on with what was
/// counted.
final class StatisticsTable: Sendable {
    private let loopCount: Int

    /// By the bytes of the name: for text, two spellings of one letter would be the same.
    private let commands = Mutex<[[UInt8]: CommandStatistics]>([:])

    init(loopCount: Int) {
        self.loopCount = loopCount
    }

    /// The statistics of the command of this name, which are made where there are none.
    subscript(name: String) -> CommandStatistics {
        let key = Array(name.utf8)
        return commands.withLock { commands in
            if let statistics = commands[key] { return statistics }
            let statistics = CommandStatistics(name, loopCount: loopCount)
            commands[key] = statistics
            return statistics
        }
    }
}
