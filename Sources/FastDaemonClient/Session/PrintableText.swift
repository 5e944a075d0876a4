#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// Text from elsewhere as it may go to a terminal: control characters are shown as `\x1b`, what is not UTF-8 as U+FFFD.
public func printable(_ bytes: [UInt8]) -> ByteText {
    var shown: [UInt8] = []
    var isAfterC2 = false
    for byte in ByteText(bytes).bytes {
        // The control characters from U+0080 on are c2 80 to c2 9f in UTF-8.
        if byte < 0x20 || byte == 0x7F || isAfterC2 && byte < 0xA0 {
            if isAfterC2 { shown.removeLast() }
            shown.append(UInt8(ascii: "\\"))
            shown.append(UInt8(ascii: "x"))
            shown.append(digit(byte >> 4))
            shown.append(digit(byte & 15))
        } else {
            shown.append(byte)
        }
        isAfterC2 = byte == 0xC2
    }
    return ByteText(shown)
}

private func digit(_ number: UInt8) -> UInt8 {
    number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") + number - 10
}
