package messagedb
import ("testing";"sync";"fmt";"time")
func TestZZ(t *testing.T){
 for _, n := range []int{1,8,64} { for _, g := range []int{1,0} {
  db := open(t, Config{Gather:g, MaxConns: 20}); cat := newCategory()
  var wg sync.WaitGroup; began := time.Now(); total := 0; per := 12000/(n+3); if n==64 {per=200}
  if g==1 {per/=4}
  for range n { wg.Go(func(){ for range per { if _, err := db.Store().Append(t.Context(), streamOf(t,cat), 0, newEvents(1)); err!=nil { t.Error(err) } } }) }
  wg.Wait(); total = n*per
  fmt.Println(n, "gather", g, int(float64(total)/time.Since(began).Seconds()), "/s")
 }}
 fmt.Println(appDSN(t))
}
