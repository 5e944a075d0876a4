import CLinux
import FastDaemonHost
import FoundationEssentials
import Glibc
import Synchronization

/// The daemon's log, on standard error: a line an event, as text for people or as JSON for programs.
final class Log: PluginLog {
    private let level: Atomic<UInt32>
    private let isJSON: Atomic<Bool>

    /// A log that writes what is at least as grave as the config asks for.
    init(_ configuration: LogConfiguration) {
        level = Atomic(configuration.level.rawValue)
        isJSON = Atomic(configuration.format == .json)
    }

    /// Goes on as another config asks for.
    func change(to configuration: LogConfiguration) {
        level.store(configuration.level.rawValue, ordering: .relaxed)
        isJSON.store(configuration.format == .json, ordering: .relaxed)
    }

    func writes(_ level: LogLevel) -> Bool { level.rawValue <= self.level.load(ordering: .relaxed) }

    func write(_ level: LogLevel, _ text: String, plugin: String, call: UInt64?) {
        var fields: [(String, Field)] = [("plugin", .text(plugin))]
        if let call { fields.append(("call", .number(Int(truncatingIfNeeded: call)))) }
        write(level, text, fields)
    }

    /// Waits until what was logged is written, but no longer than a moment. For the end of the process.
    static func drain() {
        LogWriter.shared.drain()
    }

    /// A named value of a line.
    enum Field {
        case text(String)
        case number(Int)
    }

    func write(_ level: LogLevel, _ text: String, _ fields: [(String, Field)] = []) {
        guard writes(level) else { return }
        write(Line(level, text, fields))
    }

    func write(_ line: Line) {
        guard writes(line.level) else { return }
        LogWriter.shared.write(line, asJSON: isJSON.load(ordering: .relaxed))
    }

    /// A line of the log, as of when it is made.
    struct Line {
        let level: LogLevel
        private let text: String
        private let fields: [(String, Field)]
        private let time = Timestamp.now()

        init(_ level: LogLevel, _ text: String, _ fields: [(String, Field)]) {
            (self.level, self.text, self.fields) = (level, text, fields)
        }

        /// For programs or for people, with the line break at its end.
        func text(asJSON isJSON: Bool) -> String { isJSON ? json : plain }

        /// For people. With the line break at its end, as is the other.
        var plain: String {
            var line = "\(time) \(level.name): \(text)"
            for (name, field) in fields {
                switch field {
                case .text(let value): line += " \(name)=\(Self.plainValue(value))"
                case .number(let value): line += " \(name)=\(value)"
                }
            }
            return line + "\n"
        }

        /// A value that nobody can take for more than one: in quotes where it has a space or anything else of the line's own in it,
        /// with a backslash before each quote and backslash.
        private static func plainValue(_ value: String) -> String {
            let needsQuotes =
                value.isEmpty || value.utf8.contains { $0 == 0x20 || $0 == 0x22 || $0 == 0x3D || $0 == 0x5C }
            guard needsQuotes else { return value }
            return "\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        }

        /// For programs.
        var json: String {
            var line = #"{"time":"\#(time)","level":"\#(level.name)","message":\#(quoted(text))"#
            for (name, field) in fields {
                switch field {
                case .text(let value): line += ",\"\(name)\":\(quoted(value))"
                case .number(let value): line += ",\"\(name)\":\(value)"
                }
            }
            return line + "}\n"
        }

        private func quoted(_ text: String) -> String { JSONValue.string(text).text }
    }
}

/// The time of a line: UTC, to the millisecond (RFC 3339).
enum Timestamp {
    /// - Parameter age: how long ago, in nanoseconds.
    static func now(before age: UInt64 = 0) -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        if age > 0 {
            let nanoseconds = time.tv_sec * 1_000_000_000 + time.tv_nsec - Int(clamping: age)
            time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        }
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return
            "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
            + "T\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
            + ".\(digits(time.tv_nsec / 1_000_000, 3))Z"
    }
}
