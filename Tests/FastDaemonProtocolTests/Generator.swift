import Foundation

/// Random numbers that come again for the same seed: SplitMix64.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// A number of `range`.
    mutating func int(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// Up to `most` of `elements`, joined.
    mutating func text(of elements: [String], most: Int) -> String {
        (0..<int(0...most)).map { _ in elements.randomElement(using: &self)! }.joined()
    }
}

/// The seed of this run: another one each time, or `FASTDAEMON_TEST_SEED` to see a failure again.
let seed: UInt64 =
    ProcessInfo.processInfo.environment["FASTDAEMON_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
