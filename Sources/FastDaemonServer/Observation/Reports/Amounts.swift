/// Amounts in few characters, for tables.
enum Amounts {
    /// `2d 3h`, `4m 5s`, `6s`: the two greatest units.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let parts = [(whole / 86_400, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
        let shown = parts.drop { $0.0 == 0 && $0.1 != "s" }.prefix(2)
        return shown.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    /// `512`, `12K`, `3M`, `4G`: bytes in at most five characters below 10,000 T.
    static func bytes(_ bytes: UInt64) -> String {
        var amount = bytes
        for unit in ["", "K", "M", "G"] {
            if amount < 10_000 { return "\(amount)\(unit)" }
            amount /= 1024
        }
        return "\(amount)T"
    }

    /// `99999`, `100k`, `10M`: a number in at most five characters below 10,000 T.
    static func count(_ number: UInt64) -> String {
        if number < 100_000 { return "\(number)" }
        var amount = number / 1000
        for unit in ["k", "M", "G"] {
            if amount < 10_000 { return "\(amount)\(unit)" }
            amount /= 1000
        }
        return "\(amount)T"
    }

    /// `640ns`, `1.2us`, `12ms`, `3.4s`, `56s`, `16m`, `2h`: a time in at most five characters; a dash where there is none.
    static func span(_ nanoseconds: UInt64?) -> String {
        guard let nanoseconds else { return "-" }
        if nanoseconds < 1_000 { return "\(nanoseconds)ns" }
        var unitSize: UInt64 = 1_000
        for unit in ["us", "ms", "s"] {
            let (whole, tenth) = (nanoseconds / unitSize, nanoseconds % unitSize * 10 / unitSize)
            if whole < 10 { return "\(whole).\(tenth)\(unit)" }
            if whole < 1_000 { return "\(whole)\(unit)" }
            unitSize *= 1_000
        }
        let minutes = nanoseconds / 60_000_000_000
        return minutes < 600 ? "\(minutes)m" : "\(minutes / 60)h"
    }

    /// A name that takes no more than so many columns.
    static func name(_ name: String, _ columns: Int) -> String {
        name.count <= columns ? name : name.prefix(columns - 1) + "~"
    }
}
