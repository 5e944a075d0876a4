/// A number with so many digits after the point, rounded.
func fixed(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = Int((value.magnitude * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(scaled) }
    let fraction = String(scaled % Int(scale))
    return sign + String(scaled / Int(scale)) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// An integer with commas between its thousands.
func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text += "," }
        text.append(digit)
    }
    return text
}

/// Nanoseconds in a unit that people read easily.
func duration(_ nanoseconds: UInt64) -> String {
    switch nanoseconds {
    case ..<10_000: "\(fixed(Double(nanoseconds) / 1e3, digits: 2)) µs"
    case ..<1_000_000: "\(fixed(Double(nanoseconds) / 1e3, digits: 0)) µs"
    case ..<1_000_000_000: "\(fixed(Double(nanoseconds) / 1e6, digits: 2)) ms"
    default: "\(fixed(Double(nanoseconds) / 1e9, digits: 2)) s"
    }
}
