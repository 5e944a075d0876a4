import Foundation

/// The README, and the fenced blocks in it that say what is to be done with them.
///
/// The first word behind the fence is the language. A second one, such as `session=try`, names a block: `session` is typed
/// into a shell line by line, `daemon` starts one, `file` is a file's content, `insert` a line of the config, `log` a line of
/// the log, `install` an installation.
struct Readme {
    struct Block {
        let mark: String
        let lines: [String]

        var text: String { lines.map { $0 + "\n" }.joined() }
    }

    let text: String
    let blocks: [Block]

    init() throws {
        text = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
        var blocks: [Block] = []
        var open: (mark: String, lines: [String])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if !line.hasPrefix("```") {
                open?.lines.append(line)
            } else if let block = open {
                blocks.append(Block(mark: block.mark, lines: block.lines))
                open = nil
            } else {
                open = (line.split(separator: " ").dropFirst().joined(separator: " "), [])
            }
        }
        self.blocks = blocks
    }

    /// The blocks of that mark, in order.
    func blocks(_ mark: String) throws -> [Block] {
        let found = blocks.filter { $0.mark == mark }
        if found.isEmpty { throw Missing(mark: mark) }
        return found
    }

    func block(_ mark: String) throws -> Block { try blocks(mark)[0] }

    struct Missing: Error, CustomStringConvertible {
        let mark: String
        var description: String { "the README has no block that is marked \(mark)" }
    }
}

/// The folder of the package.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// Whether a text is what the README shows: there, three dots stand for any text, also of several lines.
func matches(_ text: String, shown: String) -> Bool {
    let parts = shown.components(separatedBy: "...")
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == shown }
    guard text.hasPrefix(first), text.hasSuffix(last) else { return false }
    var rest = text.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() {
        guard let range = rest.firstRange(of: part) else { return false }
        rest = rest[range.upperBound...]
    }
    return rest.count >= last.count
}
