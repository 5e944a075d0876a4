// What a type says of a frame by itself, without looking at what came before it.

extension SessionFrameType {
    var carriesData: Bool { self == .input || self == .output || self == .errors }

    var belongsToRequest: Bool { rawValue <= SessionFrameType.run.rawValue }

    func isSent(by side: SessionSide) -> Bool {
        switch self {
        case .hello: true
        case .output, .errors, .pull, .end: side == .server
        default: side == .client
        }
    }

    /// The lengths that a payload of this type may have.
    var lengths: ClosedRange<Int> {
        switch self {
        case .hello: 12...255
        case .arguments, .environment: 0...SessionFrame.mostDeclarableBytes
        case .directory: 1...SessionFrame.longestDirectory
        case .terminals, .signal: 5...5
        case .timeout, .credit, .pull: 4...4
        case .run: 0...0
        case .input: 0...SessionFrame.mostBytes
        case .output, .errors: 1...SessionFrame.mostBytes
        case .end: 10...SessionFrame.mostBytes
        }
    }
}
