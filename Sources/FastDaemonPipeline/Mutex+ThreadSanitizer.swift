#if THREAD_SANITIZER
    import Glibc

    /// Stands in for `Synchronization.Mutex` when the thread sanitizer looks on: what a module declares itself comes before what
    /// it imports, and each room that locks has a symbolic link to this file.
    ///
    /// The standard library's locks with atomics inside a library that the sanitizer does not see into, so that every
    /// access under it is reported as a race. It knows pthread's, which costs twice as much an element.
    ///
    /// `@unchecked Sendable`: the value is touched under the lock alone.
    final class Mutex<Value: ~Copyable>: @unchecked Sendable {
        private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

        init(_ value: consuming sending Value) {
            self.value.initialize(to: value)
            pthread_mutex_init(lock, nil)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
            value.deinitialize(count: 1)
            value.deallocate()
        }

        func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value.pointee)
        }
    }
#endif
