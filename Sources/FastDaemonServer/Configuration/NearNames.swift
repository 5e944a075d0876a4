/// Which known names somebody may have meant.
enum NearNames {
    /// The known names nearest to `name`, nearest first, three at most; none where nothing is near.
    static func near(_ name: String, among known: some Sequence<String>) -> [String] {
        let wanted = Array(name.utf8.prefix(64))
        let most = max(1, wanted.count / 3)
        var found: [(distance: Int, name: String)] = []
        for candidate in known {
            let bytes = Array(candidate.utf8)
            guard bytes.count <= 64 else { continue }
            let distance = distance(wanted, bytes)
            // What somebody typed only the beginning of is near, too.
            if distance <= most || (wanted.count >= 2 && bytes.starts(with: wanted)) {
                found.append((distance, candidate))
            }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// How many bytes have to be put in, taken out, replaced, or exchanged with their neighbour (the optimal string alignment
    /// distance).
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }

    /// `; did you mean 'echo' or 'etch'?`, or nothing.
    static func question(_ near: [String]) -> String {
        guard let last = near.last else { return "" }
        let quoted = near.dropLast().map { "'\($0)'" }.joined(separator: ", ")
        return "; did you mean \(quoted.isEmpty ? "" : quoted + " or ")'\(last)'?"
    }
}
