import CFastDaemonPlugin
import FastDaemonSystem
import Glibc
import Synchronization

/// A library that was loaded, and whose descriptor was found good. It stays mapped for ever: unloading a Swift image kills
/// the process at its next dynamic cast.
struct PluginLibrary: @unchecked Sendable {
    let path: String

    /// Static memory of the library's, as the ABI promises; that is why this is `Sendable`.
    let descriptor: UnsafePointer<fastdaemon_plugin>

    /// Where some of its code is.
    let entry: UnsafeRawPointer

    /// Loads a library and checks what it exports.
    init(_ image: LibraryImage) throws(PluginError) {
        path = image.path
        let imagePath = Self.uniquePath(of: image.descriptor)
        guard let handle = dlopen(imagePath, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw PluginError(path, .cannotLoad(Self.loaderError(replacing: imagePath, with: path)))
        }
        guard let entry = dlsym(handle, FASTDAEMON_PLUGIN_ENTRY_NAME) else { throw PluginError(path, .noEntry) }
        let function = unsafeBitCast(entry, to: fastdaemon_plugin_entry_function.self)
        guard let descriptor = function(FASTDAEMON_ABI_VERSION) else { throw PluginError(path, .refusesHost) }
        try Self.check(descriptor, at: path)
        self.descriptor = descriptor
        self.entry = UnsafeRawPointer(entry)
    }

    private static let loadCount = Atomic<UInt64>(0)

    /// A path of the image that was never used before in this process. The loader answers a path it has seen with the image
    /// that it has, and the numbers of descriptors come again; so the count of loads is spelled out, a binary digit each, as
    /// `./` or `/`, which leaves the meaning of the path as it is.
    private static func uniquePath(of image: borrowing Descriptor) -> String {
        var digits = loadCount.add(1, ordering: .relaxed).newValue
        var path = "/proc/self/fd/"
        while digits != 0 {
            path += digits & 1 == 1 ? "./" : "/"
            digits >>= 1
        }
        return path + "\(image.number)"
    }

    private static func loaderError(replacing imagePath: String, with path: String) -> String {
        guard let text = dlerror().map({ String(cString: $0) }) else { return "the loader did not say why" }
        guard text.hasPrefix(imagePath) else { return text }
        return String(text.dropFirst(imagePath.count).drop { $0 == ":" || $0 == " " })
    }

    private static func check(_ plugin: UnsafePointer<fastdaemon_plugin>, at path: String) throws(PluginError) {
        // The version and the size come first for this: nothing else is read before both are known to be good.
        let version = plugin.pointee.abi_version
        if version >> 16 != FASTDAEMON_ABI_MAJOR { throw PluginError(path, .wrongMajor(found: version)) }
        let expected = MemoryLayout<fastdaemon_plugin>.size
        if plugin.pointee.size < expected {
            throw PluginError(path, .tooSmall(found: plugin.pointee.size, expected: expected))
        }
        if plugin.pointee.name == nil { throw PluginError(path, .lacks("name")) }
        if plugin.pointee.version == nil { throw PluginError(path, .lacks("version")) }
        if plugin.pointee.create == nil { throw PluginError(path, .lacks("create function")) }
        if plugin.pointee.commands == nil { throw PluginError(path, .lacks("commands function")) }
    }
}
