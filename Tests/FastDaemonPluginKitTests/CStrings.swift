import CFastDaemonPlugin

/// Byte strings as the host hands them out: each followed by a zero byte.
final class CStrings {
    private let storage: [UnsafeMutableBufferPointer<CChar>]
    let list: UnsafeMutableBufferPointer<fastdaemon_bytes>

    init(_ strings: [[UInt8]]) {
        storage = strings.map { string in
            let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: string.count + 1)
            _ = bytes.initialize(from: string.map(CChar.init(bitPattern:)) + [0])
            return bytes
        }
        list = .allocate(capacity: strings.count)
        _ = list.initialize(from: storage.map { fastdaemon_bytes(data: $0.baseAddress, count: $0.count - 1) })
    }

    deinit {
        for bytes in storage { bytes.deallocate() }
        list.deallocate()
    }
}
