extension AsyncSequence where Element: Collection<UInt8> {
    /// The lines in a sequence of byte chunks, as bytes.
    ///
    /// A line ends with a line feed, or a carriage return and a line feed; neither is part of the line. Bytes after the
    /// last line feed are a line as well. Empty lines count. How the bytes are cut into chunks makes no difference.
    ///
    /// Where the chunks end with an error, so do the lines: the beginning of a line that was cut off is dropped.
    ///
    /// - Parameter maxLength: how many bytes a line may have, its end not counted. A longer one ends the sequence with
    ///   a ``LineTooLongError``, as soon as that many bytes have come, so the memory that a peer can take is bounded:
    ///   this and one chunk.
    public func lines(maxLength: Int = 65_536) -> AsyncLineSequence<Self> {
        AsyncLineSequence(base: self, maxLength: maxLength)
    }

    /// The lines in a sequence of byte chunks, as strings.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, as everywhere in Swift; take ``lines(maxLength:)`` where that matters.
    /// Everything else is told there.
    ///
    /// - Parameter maxLength: how many bytes a line may have, its end not counted.
    public func textLines(maxLength: Int = 65_536) -> AsyncMapSequence<AsyncLineSequence<Self>, String> {
        lines(maxLength: maxLength).map { String(decoding: $0, as: UTF8.self) }
    }
}
