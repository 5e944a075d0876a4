import FastDaemonProtocol
import Foundation
import Testing

/// A session of the published vectors.
struct SessionVector: CustomTestStringConvertible, Sendable {
    /// A line of a file.
    enum Step: Sendable {
        case frame(SessionSide, [UInt8], meaning: String?)
        case violation(String)
    }

    var file: String
    var title: String
    var steps: [Step]

    var testDescription: String { "\(file): \(title)" }

    /// All bytes of a side, one after the other.
    func bytes(of side: SessionSide) -> [UInt8] {
        steps.flatMap { step -> [UInt8] in
            if case .frame(side, let bytes, _) = step { return bytes }
            return []
        }
    }

    /// The words of its violation, if it has one.
    var violation: String? {
        steps.lazy.compactMap { if case .violation(let text) = $0 { text } else { nil } }.first
    }

    /// The sources of the protocol, where the files are beside the page.
    static let sources = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/FastDaemonProtocol")

    /// The sessions of all files.
    static let all: [SessionVector] = {
        let folder = sources.appending(path: "Vectors")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().flatMap { name in
            let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
            return text.split(separator: "\n\n").compactMap { SessionVector(file: String(name.dropLast(4)), text: $0) }
        }
    }()

    /// Reads what stands between two empty lines; nil where that has no frames.
    private init?(file: String, text: Substring) {
        (self.file, title, steps) = (file, "", [])
        for line in text.split(separator: "\n") {
            let rest = line.dropFirst().trimmingCharacters(in: .whitespaces)
            switch line.first {
            case "#": title = rest
            case "!": steps.append(.violation(rest))
            case ">": steps.append(Self.frame(.client, rest))
            case "<": steps.append(Self.frame(.server, rest))
            default: steps.append(.violation("a line that is none: \(line)"))
            }
        }
        if steps.isEmpty { return nil }
    }

    private static func frame(_ side: SessionSide, _ text: String) -> Step {
        let parts = text.split(separator: "#", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        return .frame(side, hexadecimal(parts[0]), meaning: parts.count == 2 ? parts[1] : nil)
    }

    /// The bytes of hexadecimal text, as far as it is that.
    static func hexadecimal(_ text: some StringProtocol) -> [UInt8] {
        text.split(separator: " ").prefix { $0.count == 2 && UInt8($0, radix: 16) != nil }.compactMap {
            UInt8($0, radix: 16)
        }
    }
}

extension SessionItem {
    /// As the vectors write it.
    var meaning: String {
        switch event {
        case .hello(let hello):
            let digits = String(hello.capabilities, radix: 16)
            let capabilities = String(repeating: "0", count: 8 - digits.count) + digits
            return "HELLO \(hello.major).\(hello.minor), capabilities \(capabilities), window \(hello.window)"
        case .arguments: return (["ARGUMENTS"] + strings).joined(separator: " ")
        case .environment: return (["ENVIRONMENT"] + strings).joined(separator: " ")
        case .directory: return "DIRECTORY \(quoted(bytes))"
        case .terminals(let terminals):
            return "TERMINALS \(terminals.streams), \(terminals.columns) columns, \(terminals.rows) rows"
        case .timeout(let milliseconds): return "TIMEOUT \(milliseconds)"
        case .run: return "RUN"
        case .input, .endOfInput: return "INPUT \(quoted(bytes))"
        case .signal(let signal): return "SIGNAL \(signal.number), \(signal.columns) columns, \(signal.rows) rows"
        case .credit(let count): return "CREDIT \(count)"
        case .output: return "OUTPUT \(quoted(bytes))"
        case .errors: return "ERRORS \(quoted(bytes))"
        case .pull(let count): return "PULL \(count)"
        case .end(let end, _):
            return "END \(end.verdict.rawValue), status \(end.status), call \(end.call), \(quoted(bytes))"
        }
    }

    private var strings: [String] {
        bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(quoted)
    }
}

private func quoted(_ bytes: some Sequence<UInt8>) -> String {
    let characters = bytes.map { byte in
        switch byte {
        case UInt8(ascii: "\n"): "\\n"
        case UInt8(ascii: "\t"): "\\t"
        case UInt8(ascii: "\""): "\\\""
        case UInt8(ascii: "\\"): "\\\\"
        case 0x20...0x7E: String(UnicodeScalar(byte))
        default: byte < 16 ? "\\x0" + String(byte, radix: 16) : "\\x" + String(byte, radix: 16)
        }
    }
    return "\"\(characters.joined())\""
}
