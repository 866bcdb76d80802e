// Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011): the word of 32 bits at an index of a stream, of the four that the
// counter (index / 4, stream, 0, 0) has. T is the type of the words of the key and of the index.

static inline uint dt_philox(int stream, T key, T other, T index)
{
    uint low = (uint)key, high = (uint)other;
    uint a = (uint)index >> 2, b = (uint)stream, c = 0, d = 0;
    for (int i = 0; i < 10; i++) {
        ulong p = (ulong)a * 0xD2511F53u;
        ulong q = (ulong)c * 0xCD9E8D57u;
        a = (uint)(q >> 32) ^ b ^ low;
        b = (uint)q;
        c = (uint)(p >> 32) ^ d ^ high;
        d = (uint)p;
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
    uint word = (uint)index & 3;
    return word < 2 ? (word == 0 ? a : b) : (word == 2 ? c : d);
}
