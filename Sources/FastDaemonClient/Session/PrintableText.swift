/// Text from elsewhere as it may go to a terminal: control characters are shown as `\x1b`, what is not UTF-8 as U+FFFD.
///
/// It works on bytes, since what knows of characters would be larger than the rest of the forwarder.
public func printable(_ bytes: [UInt8]) -> String {
    var shown: [UInt8] = []
    var isAfterC2 = false
    for byte in String(decoding: bytes, as: UTF8.self).utf8 {
        // The control characters from U+0080 on are c2 80 to c2 9f in UTF-8.
        if byte < 0x20 || byte == 0x7F || isAfterC2 && byte < 0xA0 {
            if isAfterC2 { shown.removeLast() }
            shown += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(byte >> 4), digit(byte & 15)]
        } else {
            shown.append(byte)
        }
        isAfterC2 = byte == 0xC2
    }
    return String(decoding: shown, as: UTF8.self)
}

private func digit(_ number: UInt8) -> UInt8 {
    number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") + number - 10
}
