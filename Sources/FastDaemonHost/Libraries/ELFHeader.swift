import CLinux
import FastDaemonSystem
import Glibc

/// What is looked at in a library before the loader is let at it (elf(5)): the loader says what is wrong in words of its own, and
/// touches what a file that was cut short no longer has, which kills the process.
enum ELFHeader {
    /// - Returns: how many bytes there are up to the end of the last segment that is mapped. What may stand behind is for people:
    ///   names of symbols, and what a debugger wants.
    static func check(_ image: borrowing Descriptor, at path: String) throws(PluginError) -> UInt64 {
        var header = Elf64_Ehdr()
        guard read(image, at: 0, into: &header), withUnsafeBytes(of: header.e_ident, { $0.starts(with: magic) }) else {
            throw PluginError(path, .notELF)
        }
        guard header.e_machine == thisMachine, header.e_ident.4 == UInt8(ELFCLASS64) else {
            throw PluginError(path, .otherMachine(found: header.e_machine, expected: thisMachine))
        }
        guard header.e_phentsize == MemoryLayout<Elf64_Phdr>.size else { throw PluginError(path, .notELF) }
        var status = clinux_status()
        guard clinux_status_of(image.number, &status) == 0 else { throw PluginError(path, .notELF) }
        var mappedSize: UInt64 = 0
        for index in 0..<UInt64(header.e_phnum) {
            var segment = Elf64_Phdr()
            let (start, overflows) = header.e_phoff.addingReportingOverflow(index * UInt64(header.e_phentsize))
            guard !overflows, read(image, at: start, into: &segment) else { throw PluginError(path, .cutShort) }
            let (end, isTooLong) = segment.p_offset.addingReportingOverflow(segment.p_filesz)
            guard segment.p_type == PT_LOAD else { continue }
            if isTooLong || end > status.size { throw PluginError(path, .cutShort) }
            mappedSize = max(mappedSize, end)
        }
        return mappedSize
    }

    private static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]

    /// Returns false where the file ends before.
    private static func read<Part: BitwiseCopyable>(
        _ image: borrowing Descriptor, at offset: UInt64, into part: inout Part
    ) -> Bool {
        let number = image.number
        return withUnsafeMutableBytes(of: &part) {
            clinux_read_at(number, $0.baseAddress!, $0.count, offset) == $0.count
        }
    }

    #if arch(x86_64)
        private static let thisMachine = UInt16(EM_X86_64)
    #elseif arch(arm64)
        private static let thisMachine = UInt16(EM_AARCH64)
    #endif
}
