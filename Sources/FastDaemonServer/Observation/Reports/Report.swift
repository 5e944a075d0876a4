import FoundationEssentials

/// A report that people read as a table and programs as JSON.
protocol Report: Encodable {
    /// No line is wider than 80 columns.
    var table: String { get }
}

extension Report {
    /// One object, keys in order, a line break at the end.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

/// Columns of text, each as wide as it has to be.
struct TextTable {
    private var rows: [[String]]
    private let leftAligned: Set<Int>

    init(_ header: [String], leftAligned: Set<Int> = [0, 1]) {
        rows = [header]
        self.leftAligned = leftAligned
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    var isEmpty: Bool { rows.count == 1 }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return leftAligned.contains(column) ? cell + padding : padding + cell
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}
